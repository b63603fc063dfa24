from .data import (
    ClassTable,
    Comparison,
    Curve,
    Panel,
    ReportData,
    Score,
    Stage,
    Strip,
)
from .page import render_report, write_report

__all__ = [
    'ClassTable',
    'Comparison',
    'Curve',
    'Panel',
    'ReportData',
    'Score',
    'Stage',
    'Strip',
    'render_report',
    'write_report',
]
