"""What people read: a self-contained HTML report with projections, in English and French."""

from CLIPSLib.report.html import write_report

__all__ = ["write_report"]
