/**
 * The requests of the HTTP interface: read from JSON, checked, and nothing else.
 *
 * <p>
 * Start with {@link dev.bgem3.app.api.RequestJson}, which makes {@link dev.bgem3.app.api.Fields} of a body;
 * each request's record reads itself from those. What is wrong is an {@link
 * dev.bgem3.app.api.InvalidRequestException}. All is immutable but the arrays, which nobody changes.
 */
package dev.bgem3.app.api;
