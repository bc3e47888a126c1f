"""Sixteen bits are enough for a figure."""

import random
from array import array
from math import isnan, nan

import pytest

from vmdesk.core import packing


@pytest.mark.parametrize("value", [0.5, 1.0, 12.34, 100.0, 4096.0, 8_388_608.0, 340e6, 1.25e10, 9e14])
def test_a_figure_survives(value):
    assert packing.decoding()[packing.encode(value)] == pytest.approx(value, rel=6e-4)


def test_unknown_zero_and_too_much():
    decode = packing.decoding()
    assert packing.encode(nan) == 0
    assert isnan(decode[0])
    assert decode[packing.encode(0.0)] == 0.0
    assert decode[packing.encode(1e30)] == pytest.approx(1e15, rel=1e-3)
    assert len(decode) == 65_536


def test_codes_keep_the_order():
    values = sorted(random.uniform(0, 1e12) ** random.random() for _ in range(500))
    codes = [packing.encode(value) for value in values]
    assert codes == sorted(codes)


def test_point_and_coarser():
    decode = packing.decoding()
    fine = packing.MINUTES.empty()
    assert packing.coarser(fine, packing.MINUTES, 0, 15) is None
    for slot, cpu in ((0, 10.0), (1, 30.0), (20, 99.0)):
        codes = packing.point((array("f", [cpu, nan, cpu]), None, array("f", [nan]), None, None, None))
        packing.put(fine, packing.MINUTES, slot, codes)
    codes = packing.coarser(fine, packing.MINUTES, 0, 15)
    assert decode[codes[0]] == pytest.approx(20.0, rel=1e-3)
    assert decode[codes[1]] == pytest.approx(30.0, rel=1e-3)
    assert codes[2] == 0
    assert packing.point((None,) * 6) is None


def test_bytes():
    codes = packing.point((array("f", [5.0]),) * 6)
    assert packing.unpack(packing.pack(codes)) == codes
    with pytest.raises(ValueError, match="multiple"):
        packing.unpack(b"abc")
