"""What to try, and what came of it: plan, store, engine, tracking."""
