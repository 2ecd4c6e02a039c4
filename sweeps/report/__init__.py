"""The report of a sweep: one self-contained HTML page, for eyes first."""

from typing import Final

NAME: Final = "report.html"
SMALL: Final = "report-small.html"
"""A page that was asked to weigh or to show less; the whole one stays."""
MAX_MB: Final = 24.0
"""What a page may weigh with its videos, unless asked otherwise: MLflow shows artifacts of up to 50 MB."""
