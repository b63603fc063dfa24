from .grid import SUMMARY, Grid, State
from .spec import Experiment, Row, Table, plain_table, read_tables
from .table import collect, lines_of, markdown_table, write_table

__all__ = [
    'SUMMARY',
    'Experiment',
    'Grid',
    'Row',
    'State',
    'Table',
    'collect',
    'lines_of',
    'markdown_table',
    'plain_table',
    'read_tables',
    'write_table',
]
