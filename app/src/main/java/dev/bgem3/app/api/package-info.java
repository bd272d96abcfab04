/**
 * The requests of the HTTP interface, parsed from JSON and checked.
 *
 * <p>
 * Start with {@link dev.bgem3.app.api.RequestJson}, which parses a body into
 * {@link dev.bgem3.app.api.Fields}; each request's record reads its fields from those. Invalid requests throw
 * {@link dev.bgem3.app.api.InvalidRequestException}. All types are immutable except for arrays, which nobody
 * changes.
 */
package dev.bgem3.app.api;
