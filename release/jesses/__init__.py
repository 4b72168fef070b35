"""jesses: a release pipeline for software that ships a kernel driver together with userspace."""
