"""Bytes in many pieces, parts of streams, memory to read into, files that are whole or not there."""
