"""CDs made here are read back, in each of the ways in which a guest may look at them."""

import io

import pycdlib
import pytest

from vmdesk.media.new_disc import new_disc


@pytest.mark.parametrize("kind", ["joliet_path", "rr_path"])
def test_files_are_found_by_their_own_names(kind: str) -> None:
    files = {"meta-data": b"a: b\n", "user-data": b"#cloud-config\n", "empty": b""}
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(new_disc("cidata", files)))
    assert iso.pvd.volume_identifier.decode().strip() == "cidata"
    for name, content in files.items():
        found = io.BytesIO()
        iso.get_file_from_iso_fp(found, **{kind: f"/{name}"})
        assert found.getvalue() == content
    iso.close()
