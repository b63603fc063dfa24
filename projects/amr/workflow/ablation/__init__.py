from .grid import Grid
from .results import (
    SUMMARY,
    Line,
    best_line,
    collect,
    lines_of,
    paired_difference,
)
from .spec import Experiment, Row, Table, plain_table, read_tables
from .table import markdown_table, write_table

__all__ = [
    'SUMMARY',
    'Experiment',
    'Grid',
    'Line',
    'Row',
    'Table',
    'best_line',
    'collect',
    'lines_of',
    'markdown_table',
    'paired_difference',
    'plain_table',
    'read_tables',
    'write_table',
]
