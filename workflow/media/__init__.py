"""Pictures, sound and video on the ground floor: probe, decode, encode, and the face box."""
