"""What items that are shown together are called."""

from __future__ import annotations

from obverse import names
from obverse.types import Item


def test_a_title_that_one_item_has_stays_as_it_is() -> None:
    shown = [Item("a", "Cent", {"year": 1997}), Item("b", "Dime", {"year": 1997}), Item("c")]
    assert names.apart(shown) == {"a": "Cent", "b": "Dime", "c": "c"}


def test_items_of_one_title_are_called_by_year_and_mint_mark() -> None:
    shown = [
        Item("a", "Cent", {"year": 1997, "mint_mark": "D"}),
        Item("b", "Cent", {"year": 1997, "mint_mark": "none"}),
        Item("c", "Cent", {"year_from": 1959, "year_to": 1982}),
        Item("d", "Dime", {"year": 1997}),
    ]
    called = {"a": "Cent 1997 D", "b": "Cent 1997", "c": "Cent 1959–1982", "d": "Dime"}
    assert names.apart(shown) == called


def test_a_year_in_the_title_is_not_said_twice() -> None:
    shown = [
        Item("a", "Cent 1997", {"year": 1997, "mint_mark": "D"}),
        Item("b", "Cent 1997", {"year": 1997, "mint_mark": "S"}),
    ]
    assert names.apart(shown) == {"a": "Cent 1997 D", "b": "Cent 1997 S"}


def test_what_year_and_mint_mark_do_not_tell_apart_the_id_does() -> None:
    shown = [Item(id, "Cent", {"year": 1997}) for id in "ab"] + [Item("c", "Cent", {"year": 1998})]
    assert names.apart(shown) == {
        "a": "Cent 1997 (a)",
        "b": "Cent 1997 (b)",
        "c": "Cent 1998",
    }


def test_one_item_shown_twice_is_one() -> None:
    assert names.apart([Item("a", "Cent"), Item("a", "Cent")]) == {"a": "Cent"}
