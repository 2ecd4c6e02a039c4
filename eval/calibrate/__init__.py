"""How far each metric can be trusted: clean clips, known distortions, and what the metrics make of them."""
