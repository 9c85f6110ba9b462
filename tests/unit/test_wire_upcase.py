# SPDX-License-Identifier: GPL-2.0-only
"""kernel/wire/upcase.c maps every UTF-16 unit as its generator says, one to one."""

import ctypes
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

WIRE = Path(__file__).parents[2] / "kernel" / "wire"

# The units that tell the Windows table from a naive use of Unicode's.
KNOWN = {
    0x0061: 0x0041,  # latin small letter a
    0x00E9: 0x00C9,  # latin small letter e with acute
    0x00F7: 0x00F7,  # division sign
    0x00FF: 0x0178,  # latin small letter y with diaeresis
    0x00DF: 0x00DF,  # latin small letter sharp s
    0x00B5: 0x00B5,  # micro sign
    0x0131: 0x0131,  # latin small letter dotless i
    0x017F: 0x017F,  # latin small letter long s
    0x03C2: 0x03A3,  # greek small letter final sigma
    0x03C3: 0x03A3,  # greek small letter sigma
    0x044F: 0x042F,  # cyrillic small letter ya
    0x045E: 0x040E,  # cyrillic small letter short u
    0x0561: 0x0531,  # armenian small letter ayb
    0x10D0: 0x10D0,  # georgian letter an
    0x01C6: 0x01C4,  # latin small letter dz with caron
    0x01C5: 0x01C5,  # latin capital letter d with small letter z with caron
    0x1FB3: 0x1FBC,  # greek small letter alpha with ypogegrammeni
    0x24D0: 0x24B6,  # circled latin small letter a
    0xFF41: 0xFF21,  # fullwidth latin small letter a
    0x4E2D: 0x4E2D,  # cjk unified ideograph-4e2d
}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("upcase_gen", WIRE / "upcase_gen.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclass() looks itself up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def upcase(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], int]:
    library = tmp_path_factory.mktemp("upcase") / "upcase.so"
    command = ["cc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", library, WIRE / "upcase.c"], check=True)
    function = ctypes.CDLL(str(library)).wire_upcase
    function.restype = ctypes.c_uint16
    function.argtypes = [ctypes.c_uint16]
    return lambda unit: int(function(unit))


def test_every_unit_maps_as_the_generator_says(
    generator: ModuleType, upcase: Callable[[int], int]
) -> None:
    assert [generator.upper(unit) for unit in range(0x10000)] == [
        upcase(unit) for unit in range(0x10000)
    ]


@pytest.mark.parametrize("unit", KNOWN, ids=hex)
def test_known_units(unit: int, upcase: Callable[[int], int]) -> None:
    assert KNOWN[unit] == upcase(unit)


def test_upper_case_is_upper_case(upcase: Callable[[int], int]) -> None:
    assert not [hex(unit) for unit in range(0x10000) if upcase(upcase(unit)) != upcase(unit)]
