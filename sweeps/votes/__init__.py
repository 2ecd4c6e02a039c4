"""What a person picked, blind, on the report page: brought in, joined to the scores, told."""

from sweeps.votes.agreement import Agreement, Tally, agreement, better_side, tallies, wilson
from sweeps.votes.ballot import Ballot, Choice, VotesError, read_ballot

__all__ = [
    "Agreement",
    "Ballot",
    "Choice",
    "Tally",
    "VotesError",
    "agreement",
    "better_side",
    "read_ballot",
    "tallies",
    "wilson",
]
