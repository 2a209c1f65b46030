# SPDX-License-Identifier: Apache-2.0
"""How the command line is taken apart, where click's own way would surprise."""

import click

__all__ = ["NumberCommand"]


class NumberCommand(click.Command):
    """A command whose options with an optional value take a negative number for that value.

    Click takes whatever begins with a dash behind such an option, or behind its equals sign, for
    the next option, but not what begins with a space.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments, with negative numbers behind such options passed by click unseen."""
        optional = {
            spelling: parameter.name
            for parameter in self.params
            if isinstance(parameter, click.Option)
            and not parameter.is_flag
            and isinstance(parameter.flag_value, str)
            for spelling in parameter.opts
        }
        unseen: list[str] = []
        for argument in args:
            option, equals, value = argument.partition("=")
            if unseen and unseen[-1] in optional and _is_negative(argument):
                unseen.append(f" {argument}")
            elif option in optional and equals and _is_negative(value):
                unseen += [option, f" {value}"]
            else:
                unseen.append(argument)
        rest = super().parse_args(ctx, unseen)
        for name in optional.values():
            if name and isinstance(value := ctx.params[name], str):
                ctx.params[name] = value.strip()
        return rest


def _is_negative(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.startswith("-")
