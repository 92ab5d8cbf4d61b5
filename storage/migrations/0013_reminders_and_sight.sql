-- What reminds of reviews, and what became of insights that somebody may not see.

CREATE TABLE told_reminders (
    review_id bigint PRIMARY KEY REFERENCES reviews,
    moment    timestamptz NOT NULL,
    told_at   timestamptz NOT NULL
);
COMMENT ON TABLE told_reminders IS 'What was told last of the deadline of a review that was open';
COMMENT ON COLUMN told_reminders.moment IS
    'When the newest reminder was due: what was due earlier is not told any more';

ALTER TABLE webhook_deliveries DROP CONSTRAINT webhook_deliveries_state_check;
ALTER TABLE webhook_deliveries ADD CONSTRAINT webhook_deliveries_state_check
    CHECK (state IN ('waiting', 'delivered', 'withheld', 'dead'));
COMMENT ON COLUMN webhook_deliveries.state IS
    'withheld: its owner may not see it, and was not sent it';
COMMENT ON COLUMN webhooks.created_by IS
    'Owner, a person or a token, who is sent what they may see; null for the deployment token';

ALTER TABLE insights
    ADD COLUMN withheld_at timestamptz,
    ADD CHECK (published_at IS NULL OR withheld_at IS NULL);
COMMENT ON COLUMN insights.withheld_at IS
    'When it was kept from the topic, for the organisation may not see it';
DROP INDEX unpublished_insights;
CREATE INDEX unpublished_insights ON insights (number)
    WHERE published_at IS NULL AND withheld_at IS NULL;
