"""The link in words, for the strip of every screen: how it is, what waits, when it is tried again (P-6, S-1)."""

from dataclasses import dataclass

from amanat.rules import persian

SLOW_MS = 5_000  # an answer takes longer than this: said before it is a failure


@dataclass(frozen=True, slots=True)
class LinkState:
    """Plain numbers; times in milliseconds of the terminal's clock, None where there is none."""

    now_ms: int
    safe: int  # ballots in the box here
    undelivered: int
    oldest_ms: int | None  # how long the oldest has waited
    down_since_ms: int | None
    next_try_ms: int | None
    asking_since_ms: int | None


def words(link: LinkState) -> tuple[str, str]:
    """(Persian, English)."""
    if link.down_since_ms is not None:
        return _down(link, link.down_since_ms)
    fa, en = ["شبکه برقرار است"], ["The network is up"]
    if link.asking_since_ms is not None and link.now_ms - link.asking_since_ms >= SLOW_MS:
        asked_fa, asked_en = span(link.now_ms - link.asking_since_ms)
        fa, en = [f"شبکه کند است؛ {asked_fa} است که پاسخ نیامده"], [f"The network is slow, no answer for {asked_en}"]
    return _joined(link, fa, en)


def _down(link: LinkState, since: int) -> tuple[str, str]:
    moment = persian.jalali_moment(since).rpartition(" ")[2]
    fa, en = _joined(
        link,
        [f"شبکه از {moment} قطع است؛ ادامه دهید، {persian.number(link.safe)} رأی امن است"],
        [f"The network is down; go on, {link.safe} ballots are safe"],
    )
    if link.asking_since_ms is not None:
        return f"{fa}؛ همین حالا دوباره تلاش می‌شود", f"{en}; trying again now"
    if link.next_try_ms is None:
        return fa, en
    next_fa, next_en = span(max(0, link.next_try_ms - link.now_ms))
    ezafe = "ٔ" if next_fa.endswith("ه") else ""
    return f"{fa}؛ تلاش بعدی {next_fa}{ezafe} دیگر", f"{en}; next try in {next_en}"


def _joined(link: LinkState, fa: list[str], en: list[str]) -> tuple[str, str]:
    if link.undelivered:
        waits_fa, waits_en = f"{persian.number(link.undelivered)} ثبت در صف", f"{link.undelivered} entries wait"
        if link.oldest_ms is not None:
            old_fa, old_en = span(link.oldest_ms)
            waits_fa, waits_en = f"{waits_fa}، کهنه‌ترین از {old_fa} پیش", f"{waits_en}, the oldest for {old_en}"
        fa, en = [*fa, waits_fa], [*en, waits_en]
    return "؛ ".join(fa), "; ".join(en)


def span(ms: int) -> tuple[str, str]:
    """A length of time in its largest unit, rounded up: «۲ دقیقه», "2 min"."""
    seconds = -(-ms // 1000)
    if seconds < 60:
        return f"{persian.number(seconds)} ثانیه", f"{seconds} s"
    if seconds < 3600:
        return f"{persian.number(-(-seconds // 60))} دقیقه", f"{-(-seconds // 60)} min"
    return f"{persian.number(-(-seconds // 3600))} ساعت", f"{-(-seconds // 3600)} h"
