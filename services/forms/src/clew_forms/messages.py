"""What a visitor is told, by code: one place, so that another language is another table.

Next: clew_forms.screen.screen_submission.
"""

ENGLISH = {
    "required": "Fill in this field.",
    "required_choice": "Choose one of the options.",
    "required_check": "Tick this box to continue.",
    "too_long": "Use at most {longest} characters; there are {length} now.",
    "email": "Enter an email address like name@example.com.",
    "control_character": "Remove the characters that cannot be shown.",
    "not_text": "Send text, not a list or an object.",
    "option": "Choose one of the options.",
}


def say(code: str, **values: object) -> str:
    return ENGLISH[code].format(**values)
