"""Search: which settings to try next, and what the tries say; proposals by Optuna, renders by the same engine."""
