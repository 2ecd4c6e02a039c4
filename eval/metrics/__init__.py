"""One module a family of metrics."""
