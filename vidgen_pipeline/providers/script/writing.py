"""What vendors of language models have in common when they write a script: ask, judge, have it put right once.

A vendor adds how its request is built and its answer read. A script that is cut off is asked for once more with more
room; one that can't be used, or misses its length, is given back once with what is wrong.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import Field

from vidgen_pipeline.domain.errors import BadReply, ContentRejected, ProviderError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.domain.text import it_says
from vidgen_pipeline.providers.base import ProviderResult, ScriptProvider
from vidgen_pipeline.providers.model_vendor import ModelVendor
from vidgen_pipeline.providers.paid import Bought
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.script.assignment import Ask, Assignment, writing_version
from vidgen_pipeline.providers.script.drafts import Draft, read_draft
from vidgen_pipeline.providers.wire import WireReply, WireRequest

_TOKENS_A_SECOND = 20
"""What a second of video takes in a draft: a scene of seven seconds, with all its fields, has about 130 in English."""
_TOKENS_ASKED = 1_600
_MS_A_CHARACTER = 67
_LEAST_TOKENS = 4_000
_ROOM = 3  # thinking counts as output too


class Ending(StrEnum):
    """How a model's answer ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut_off"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class ModelAnswer:
    """A language model's answer. `text` is what it wrote or, when it refused or failed, what it says about that."""

    ending: Ending
    text: str
    tokens: Tokens


@dataclass(frozen=True)
class _Written:
    """A draft that was paid for, or why there is none."""

    draft: Draft | None
    cost: Cost
    error: ProviderError | None = None


class ScriptWriter(ModelVendor, ScriptProvider):
    """A vendor whose language model writes scripts from a topic."""

    most_output_tokens: ClassVar[int]

    timeout_seconds: float = Field(default=600, gt=0, le=3600, description="How long one answer may take.")
    effort: Literal["low", "medium", "high"] = Field(default="low", description="How long the model thinks.")

    @abstractmethod
    def build(self, ask: Ask) -> WireRequest:
        """The paid request."""

    @staticmethod
    @abstractmethod
    def read(reply: WireReply) -> ModelAnswer:
        """The answer to it. Raises BadReply."""

    async def write(self, brief: Brief) -> ProviderResult[Script]:
        """Write a script. Raises InvalidInput for the brief, ContentRejected when the model won't, ProviderError."""
        assignment = Assignment.of(brief)
        first = await self._written(assignment, assignment.message())
        if first.draft is None:
            raise first.error or self._unusable(())
        if first.draft.script is not None and not first.draft.problems:
            return self._result(first.draft.script, first.cost)
        second = await self._corrected(assignment, first.draft)
        best = _better(first.draft, second.draft)
        if best is not None:
            return self._result(best, first.cost + second.cost)
        raise second.error or self._unusable(first.draft.problems)

    def estimate(self, work: Work) -> Cost:
        """What a script for that much video costs, one correction included."""
        seconds = (work.video_ms or work.characters * _MS_A_CHARACTER) / 1000
        draft = round(seconds * _TOKENS_A_SECOND)
        return self.price_tokens(Tokens(read=2 * _TOKENS_ASKED + draft, written=2 * draft))

    def fingerprint(self) -> dict[str, Any]:
        return {**super().fingerprint(), "writing": writing_version()}

    async def _corrected(self, assignment: Assignment, draft: Draft) -> _Written:
        """The second draft. Trouble with it is no trouble where the first can be used."""
        try:
            return await self._written(assignment, assignment.correction(draft.text, draft.problems), last=True)
        except ProviderError as error:
            if draft.script is None:
                raise
            return _Written(None, FREE, error)

    async def _written(self, assignment: Assignment, message: str, *, last: bool = False) -> _Written:
        """What the model writes when told this, with more room where it needs it.

        A `last` draft that can't be used is marked as of no use, so that it can be paid for anew when a person tries
        again. A refusal is kept: the same is refused again.
        """
        draft_tokens = assignment.budget.target_ms * _TOKENS_A_SECOND // 1000
        room = min(max(draft_tokens * _ROOM, _LEAST_TOKENS), self.most_output_tokens)
        spent, bought = FREE, await self._bought(assignment, message, room)
        if bought.value.ending is Ending.CUT_OFF and room < self.most_output_tokens:
            spent = bought.cost
            bought = await self._bought(assignment, message, min(room * 2, self.most_output_tokens))
        answer, spent = bought.value, spent + bought.cost
        if answer.ending is Ending.COMPLETE:
            draft = read_draft(answer.text, assignment.brief, assignment.budget)
            if last and draft.script is None:
                await self.discard(bought, self._unusable(draft.problems))
            return _Written(draft, spent)
        error = self._error_of(answer)
        if answer.ending is not Ending.REFUSED:
            await self.discard(bought, error)
        return _Written(None, spent, error)

    async def _bought(self, assignment: Assignment, message: str, room: int) -> Bought[ModelAnswer]:
        request = self.build(Ask(instructions=assignment.instructions, message=message, max_output_tokens=room))
        return await self.buy(request, self.read, cost=lambda answer: self.price_tokens(answer.tokens))

    def _error_of(self, answer: ModelAnswer) -> ProviderError:
        name, says = self.facts.name, it_says(answer.text)
        if answer.ending is Ending.REFUSED:
            return ContentRejected(
                f"{name} won't write about this.{says}",
                remedy="Change the topic's wording.",
                provider=self.provider_name,
            )
        if answer.ending is Ending.CUT_OFF:
            return ProviderError(
                f"{name}'s script was cut off: it is longer than the model may answer.",
                remedy="Ask for a shorter video, or choose another model.",
                provider=self.provider_name,
            )
        return ProviderError(
            f"{name} could not finish the script.{says}", remedy="Try again later.", provider=self.provider_name
        )

    def _unusable(self, problems: tuple[str, ...]) -> BadReply:
        what = f" {problems[0]}" if problems else ""
        return BadReply(
            f"{self.facts.name} wrote a script that can't be used, and so it did when asked again.{what}",
            remedy="Try again, or choose another model.",
            provider=self.provider_name,
        )

    def _result(self, script: Script, cost: Cost) -> ProviderResult[Script]:
        return ProviderResult(data=script, model=self.chosen_model.name, cost=cost)


def _better(first: Draft, second: Draft | None) -> Script | None:
    """The script to take: the second where nothing is wrong with it, else the one nearer to its length."""
    drafts = [draft for draft in (second, first) if draft is not None and draft.script is not None]
    if second is not None and not second.problems:
        return second.script
    return min(drafts, key=lambda draft: draft.off_by).script if drafts else None
