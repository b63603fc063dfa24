"""Files appear whole, and as private as the user has it."""

import subprocess
import sys

from projects.amr.runtime.files.atomic_write import write_file

WRITE = """
import os, sys
os.umask(int(sys.argv[2], 8))
from projects.amr.runtime.files.atomic_write import write_file
write_file(sys.argv[1], 'x')
"""


def test_a_file_has_the_users_permissions(tmp_path):
    for mask, mode in (('077', 0o600), ('022', 0o644), ('002', 0o664)):
        path = tmp_path / mask
        command = [sys.executable, '-c', WRITE, str(path), mask]
        subprocess.run(command, check=True)
        assert path.stat().st_mode & 0o777 == mode


def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path):
    path = tmp_path / ('a' * 251 + '.png')
    write_file(path, b'x')
    assert path.read_bytes() == b'x'
