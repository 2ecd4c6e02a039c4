"""The doctor: what a server and a graph are, before anything is rendered."""
