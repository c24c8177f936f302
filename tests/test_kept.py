"""Frozen networks answer once, the same whatever else is asked, and are no part of what holds
them."""

from __future__ import annotations

import copy

import torch
from torch import nn

from colorlab.nets.frozen import Aside, weights_digest
from colorlab.storage.memo import Answers, keys_of


class Asked:
    """Squares numbers and counts how often, in groups of three."""

    def __init__(self, most: int = 1000) -> None:
        self.answers, self.asked = Answers(most, 3), []

    def __call__(self, *numbers: int) -> list[float]:
        def ask(places: list[int]) -> torch.Tensor:
            self.asked.append([numbers[i] for i in places])
            return torch.tensor([float(numbers[i]) ** 2 for i in places])

        return self.answers.of(numbers, ask).tolist()


def test_answers_come_in_order_and_each_is_asked_for_once():
    asked = Asked()
    assert asked(2, 3, 2) == [4, 9, 4] and asked(3, 5, 2) == [9, 25, 4]
    assert asked.asked == [[2, 3, 2], [5, 5, 5]]


def test_groups_always_have_the_same_size():
    asked = Asked()
    assert asked(1, 2, 3, 4) == [1, 4, 9, 16] and asked.asked == [[1, 2, 3], [4, 4, 4]]


def test_the_longest_unused_answers_are_forgotten_first():
    asked = Asked(most=8)  # two answers of four bytes
    asked(1, 2), asked(1), asked(3)
    assert asked(3, 1) == [9, 1] and len(asked.asked) == 2
    assert asked(2) == [4] and len(asked.asked) == 3


def test_more_than_can_be_kept_is_answered_all_the_same():
    assert Asked(most=4)(1, 2, 3, 4, 1) == [1, 4, 9, 16, 1]


def test_keys_tell_pictures_apart_by_values_and_shape():
    a = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    keys = [*keys_of(a), *keys_of(a.flip(0)), *keys_of(a.reshape(2, 3, 2, 8))]
    assert keys[:2] == keys[3:1:-1] and len(set(keys)) == 4


def test_what_lies_aside_is_frozen_and_no_part_of_the_module():
    holder = nn.Module()
    holder.aside = Aside(nn.Linear(2, 2))
    assert not list(holder.parameters()) and not holder.state_dict()
    assert not holder.aside.net.weight.requires_grad and not holder.aside.net.training
    assert copy.deepcopy(holder).aside is holder.aside


def test_equal_networks_have_equal_digests_and_others_do_not():
    net = nn.Conv2d(2, 3, 1)
    twin = copy.deepcopy(net).to(memory_format=torch.channels_last)
    assert torch.equal(weights_digest(net), weights_digest(twin))
    twin.bias.data[0] += 1e-6
    assert not torch.equal(weights_digest(net), weights_digest(twin))
