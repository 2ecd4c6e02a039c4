"""The tuning history as a story: what it said of each variant, and what the measures say."""
