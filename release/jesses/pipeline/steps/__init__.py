"""The steps of a release. A step knows the plan and the values before it, never another step."""
