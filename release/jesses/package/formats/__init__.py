"""Package formats: bytes in, bytes out, nothing of networks. One module each, all of one shape."""
