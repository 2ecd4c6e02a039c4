"""Videos that were made before this tool, taken into the store: an output folder becomes a tuning history."""
