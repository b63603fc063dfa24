from .data import (
    ClassTable,
    Comparison,
    Curve,
    Gallery,
    Layer,
    Photo,
    ReportData,
    Score,
    Stage,
)
from .page import render_report, write_report

__all__ = [
    'ClassTable',
    'Comparison',
    'Curve',
    'Gallery',
    'Layer',
    'Photo',
    'ReportData',
    'Score',
    'Stage',
    'render_report',
    'write_report',
]
