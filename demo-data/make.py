#!/usr/bin/env python3
"""Writes the demo's data: three small tasks, each with a part to train on and a part that is never produced, and mixed
prompts to route. Everything is made here from the phrases below; the same script always writes the same bytes.

Usage: python3 demo-data/make.py        (writes into standalone/src/main/resources/demo)
"""
import json
import pathlib
import random

from phrases import COMMANDS, INTENTS, OFF_TOPIC, OPENERS, CLOSERS, ROOMS, TEA_QUESTIONS, TEAS

OUT = pathlib.Path(__file__).resolve().parent.parent / "standalone/src/main/resources/demo"
TRAIN, HELD_OUT, ROUTED = 300, 40, 10


def intents(rng):
    """Questions to a bicycle hire's help desk -> a label. The last two phrases of each label are never trained on."""
    def dress(core):
        return (rng.choice(OPENERS) + core + rng.choice(CLOSERS)).strip()

    train, held_out = [], []
    for label, phrases in INTENTS.items():
        for phrase in phrases[:-2]:
            train += [(dress(phrase), label) for _ in range(6)]
        for phrase in phrases[-2:]:
            held_out += [(dress(phrase), label) for _ in range(3)]
    return train, held_out


def commands(rng):
    """Sentences to a smart home -> one JSON command. What is held out are combinations that were never trained on."""
    pairs = []
    for sentence, command, values in COMMANDS:
        for room in ROOMS:
            for value in values:
                text = sentence.replace("{room}", room).replace("{value}", str(value))
                filled = {k: {"{room}": room, "{value}": value}.get(v, v) for k, v in command.items()}
                pairs.append((text, json.dumps(filled)))
    rng.shuffle(pairs)
    return pairs[:TRAIN], pairs[TRAIN:]


def house_style(rng):
    """Questions about tea -> an answer in the shop's manner. What is held out are pairs of tea and question."""
    pairs = []
    for tea, facts in TEAS.items():
        for kind, (questions, answer, tip) in TEA_QUESTIONS.items():
            wordings = [q.format(tea=tea) for q in questions]
            reply = f"Copper Kettle here! {answer.format(Tea=tea.capitalize(), tea=tea, **facts)} House tip: {tip} Mind the steam!"
            pairs.append((wordings, reply))
    rng.shuffle(pairs)
    cut = len(pairs) * 3 // 4
    train = [(wording, reply) for wordings, reply in pairs[:cut] for wording in wordings]
    held_out = [(wording, reply) for wordings, reply in pairs[cut:] for wording in wordings]
    return train, held_out


def write(name, records):
    path = OUT / name
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    print(f"{path.name}: {len(records)} records, {path.stat().st_size} bytes")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    routes = []
    for number, (name, task) in enumerate([("intents", intents), ("commands", commands), ("house-style", house_style)]):
        rng = random.Random(number)
        train, held_out = task(rng)
        trained = set()
        chosen = []
        rng.shuffle(train)
        for prompt, completion in train:
            if prompt not in trained and len(chosen) < TRAIN:
                trained.add(prompt)
                chosen.append((prompt, completion))
        rng.shuffle(held_out)
        unseen = [(p, c) for p, c in dict(held_out).items() if p not in trained]
        assert len(chosen) == TRAIN and len(unseen) >= HELD_OUT + ROUTED, (name, len(chosen), len(unseen))
        adapter = f"demo/{name}"
        write(f"{name}.train.jsonl", [
            {"adapter": adapter, "id": f"{name}-{i:03d}", "prompt": p, "completion": c} for i, (p, c) in enumerate(chosen)])
        write(f"{name}.heldout.jsonl", [
            {"adapter": adapter, "prompt": p, "completion": c} for p, c in unseen[:HELD_OUT]])
        routes += [{"prompt": p, "adapter": adapter} for p, _ in unseen[HELD_OUT : HELD_OUT + ROUTED]]
    routes += [{"prompt": p, "adapter": "base"} for p in OFF_TOPIC]
    random.Random(99).shuffle(routes)
    write("routing.jsonl", routes)


if __name__ == "__main__":
    main()
