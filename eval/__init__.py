"""Judges the video: metrics over one decode, in constant memory."""
