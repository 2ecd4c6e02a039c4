"""What a person picked, blind, on the report page: brought in, joined to the scores, told."""
