"""Container images: their model, layers, layout and archives; `registry/` is the client of registries.

Decisions: docs/decisions/image.md
"""
