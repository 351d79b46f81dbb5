"""Sample coins, made by the project itself: designs, struck relief, scans, photos with truth.

design (what a type says and shows) -> relief (height map) -> wear -> shade (light on metal) ->
render (one specimen; a scan) -> photo (a phone's view of it, with exact ground truth).
"""

from obverse.mint.design import CoinType, coin_type
from obverse.mint.photo import Snap, snap
from obverse.mint.render import scan
from obverse.mint.workshop import MintReport, mint

__all__ = ["CoinType", "MintReport", "Snap", "coin_type", "mint", "scan", "snap"]
