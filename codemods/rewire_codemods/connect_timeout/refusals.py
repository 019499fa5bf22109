"""Why a place is left alone: every code that the plan refuses with, its meaning, and what a person can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.codemod import RefusalCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire_codemods.connect_timeout.facts import Sink

CODES: Mapping[str, RefusalCode] = {
    code.code: code
    for code in (
        RefusalCode(
            "own-connect",
            "the argument goes to the project's own connect function (connect=, async_creator=, creator=)",
            "look at that function: if it hands the argument on to asyncpg.connect, write timeout there",
        ),
        RefusalCode(
            "unproved-pool",
            "acquire() is called on something that cannot be shown to be asyncpg's pool",
            "annotate it (pool: asyncpg.Pool), or write timeout= by hand",
        ),
        RefusalCode(
            "driver-unproved",
            "the call reaches asyncpg or another driver, as only the running program knows",
            "give asyncpg a call of its own, with timeout in place of connect_timeout",
        ),
        RefusalCode(
            "field-unpacked",
            "an object's field or an option of this name is unpacked into a call that reaches asyncpg",
            "leave it out of what is unpacked, and pass timeout= with its value",
        ),
        RefusalCode(
            "file-unpacked",
            "arguments that are unpacked here may come from a file of the project that sets this one",
            "write timeout in that file, or take it out and pass timeout= with its value",
        ),
        RefusalCode(
            "layer",
            "a library hands this limit on to asyncpg, which has no such argument",
            "write timeout in its place, or in the URL's query where the library reads it from there",
        ),
        RefusalCode(
            "name-listed",
            "this name stands in a list of arguments that a call which reaches asyncpg is given",
            "write timeout in that list and where its values come from, or take it out and pass timeout=",
        ),
        RefusalCode(
            "url-unproved",
            "the engine's URL is not known here, so its driver may be one that has connect_timeout",
            "if the URL is postgresql+asyncpg://, write timeout in connect_args by hand",
        ),
        RefusalCode(
            "url-object",
            "the limit stands in the query of a URL object",
            'take it out of query= and pass connect_args={"timeout": ...} to the engine',
        ),
        RefusalCode(
            "other-driver",
            "the same dict or URL also goes to a driver that has connect_timeout",
            "give asyncpg a copy of its own, with timeout in it",
        ),
        RefusalCode(
            "escapes",
            "the dict or URL also goes where it cannot be followed",
            "see that nobody there needs connect_timeout, then rename the key and its readers by hand",
        ),
        RefusalCode(
            "other-values",
            "the name has other values as well, whose keys are not known here",
            "rename the key in each of them by hand",
        ),
        RefusalCode(
            "key-read-elsewhere",
            "other code reads this key, and would no longer find what it expects",
            "change those readers first",
        ),
        RefusalCode(
            "key-removed",
            "the code itself takes the key out of the dict before or after asyncpg gets it",
            "leave the key out of the dict, and the line that removes it",
        ),
        RefusalCode(
            "key-set-apart",
            "a statement of its own sets the key, and it would have to be dropped",
            "delete that statement by hand",
        ),
        RefusalCode(
            "mixed-limits",
            "some calls that get this dict have timeout= of their own, others have not",
            "take the key out of the dict and write timeout= in each call",
        ),
        RefusalCode(
            "wrapper-parameter",
            "the function that hands this argument on to asyncpg has a parameter named timeout itself",
            "decide by hand which of the two limits asyncpg should get",
        ),
        RefusalCode(
            "arguments-elsewhere",
            "the engine's connect_args are built elsewhere, so the limit cannot be put into them",
            'add "timeout" to those connect_args by hand',
        ),
        RefusalCode(
            "dsn-from-environment",
            "the DSN comes from the environment, which cannot be edited from here",
            "take connect_timeout out of the DSN in the environment and in the default, and pass timeout= in the call",
        ),
        RefusalCode(
            "dsn-from-settings",
            "the DSN comes from a settings object, whose values may come from outside",
            "take connect_timeout out of the setting wherever it is set, and pass timeout= in the call",
        ),
        RefusalCode(
            "dsn-from-parameter",
            "the DSN is a parameter's default; callers may pass others",
            "take connect_timeout out of the default and of what callers pass, and pass timeout= in the call",
        ),
        RefusalCode(
            "dsn-built",
            "the DSN is put together from pieces",
            "take connect_timeout out of the pieces by hand, and pass timeout= in the call",
        ),
        RefusalCode(
            "value-unusable",
            "the limit is no number that can be read here",
            "write timeout= with a number of seconds, or None for no limit",
        ),
        RefusalCode(
            "outside-selection",
            "the change would need an edit in a file that this run may not change",
            "run rewire on that file as well",
        ),
        RefusalCode(
            "libpq-argument",
            "another of libpq's arguments that asyncpg does not know (option also)",
            "see the page of this codemod for what to write in its place",
        ),
    )
}

UNPROVED: Mapping[Sink, str] = {
    "unproved": "unproved-pool",
    "engine-unproved": "url-unproved",
    "chosen": "driver-unproved",
}
"""The code for each sink of which nobody knows whether it is asyncpg."""
