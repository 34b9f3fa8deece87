-- When a subject was last revoked, for whoever asks about a few subjects alone.

CREATE INDEX revocations_subject ON revocations (subject, not_before);
