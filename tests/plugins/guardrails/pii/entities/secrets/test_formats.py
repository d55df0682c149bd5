"""The table of vendors' formats."""

import re

import pytest

from plugins.guardrails.pii.entities.secrets.formats import VENDORS, Vendor


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_each_form_begins_selectively(vendor: Vendor) -> None:
    """Its first three characters are written out, or nearly: a scan starts there."""
    for form in vendor.formats:
        begin = re.sub(r"\(\?:|\\", "", form.pattern)
        begin = re.sub(r"\[[^\]]{1,6}\]", "x", begin)
        assert re.match(r"[^\[]{2}", begin), form.pattern


def test_each_vendor_stands_once() -> None:
    """All of a vendor's formats are one entity."""
    names = [vendor.name for vendor in VENDORS]
    assert len(set(names)) == len(names)
    assert all(vendor.formats for vendor in VENDORS)
