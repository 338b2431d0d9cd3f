CREATE INDEX "audit_events_request" ON "audit_events" USING btree ("request_id") WHERE "audit_events"."request_id" is not null;
CREATE INDEX "audit_events_assertion" ON "audit_events" USING btree ("assertion_id") WHERE "audit_events"."assertion_id" is not null;
CREATE INDEX "audit_events_event" ON "audit_events" USING btree ("event","id") WHERE "audit_events"."event" <> 'assertion.issued';