"""One module a target: its printer, its literals, how to build and load what it prints."""
