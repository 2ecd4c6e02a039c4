"""What the evidence supports when one setting, sweep or release is held against another."""
