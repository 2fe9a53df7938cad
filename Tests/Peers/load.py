"""Sends many jobs with at most a window of them outstanding, and judges every answer.

A job is a diagnostic_job message with a `request_id`, and may carry `expect`: a map from dotted
paths into the answer ("result.success", "result.records.0.value") to the value that must be there.
After a reconnect, unanswered jobs are not sent again: an accepted job is the node's to answer.
"""
import json
from collections import Counter


def look_up(answer, path):
    for key in path.split("."):
        if isinstance(answer, list):
            answer = answer[int(key)] if key.isdigit() and int(key) < len(answer) else None
        elif isinstance(answer, dict):
            answer = answer.get(key)
        else:
            return None
    return answer


class Load:
    def __init__(self, jobs, window, emit):
        self.expect = {job["request_id"]: job.pop("expect", {}) for job in jobs}
        self.waiting = list(reversed(jobs))
        self.window = window
        self.emit = emit
        self.outstanding = set()
        self.answered_ids = set()
        self.duplicates = []
        self.unknown = []
        self.wrong = []
        self.codes = Counter()
        self.most_outstanding = 0

    async def connected(self, ws):
        await self.fill(ws)

    async def fill(self, ws):
        while self.waiting and len(self.outstanding) < self.window and ws.open:
            job = self.waiting.pop()
            self.outstanding.add(job["request_id"])
            self.most_outstanding = max(self.most_outstanding, len(self.outstanding))
            await ws.send(json.dumps({"type": "diagnostic_job", **job}))

    async def answered(self, ws, answer):
        request_id = answer.get("request_id")
        if request_id not in self.expect:
            self.unknown.append(request_id)
            return
        if request_id in self.answered_ids:
            self.duplicates.append(request_id)
            return
        self.answered_ids.add(request_id)
        self.outstanding.discard(request_id)
        self.judge(request_id, answer)
        if len(self.answered_ids) % 1000 == 0:
            self.emit("load_progress", answered=len(self.answered_ids), outstanding=len(self.outstanding))
        await self.fill(ws)
        if len(self.answered_ids) == len(self.expect):
            self.report()

    def judge(self, request_id, answer):
        self.codes[look_up(answer, "result.error_code") or "none"] += 1
        for path, expected in self.expect[request_id].items():
            seen = look_up(answer, path)
            if seen != expected:
                self.wrong.append({"request_id": request_id, "path": path, "expected": expected, "seen": seen})

    def report(self):
        self.emit(
            "load_done",
            answers=len(self.answered_ids),
            duplicates=len(self.duplicates),
            unknown=len(self.unknown),
            wrong=len(self.wrong),
            wrong_examples=self.wrong[:10],
            codes=dict(self.codes),
            most_outstanding=self.most_outstanding,
        )
