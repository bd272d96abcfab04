/**
 * The page that shows how a model compares a query with passages. {@link dev.bgem3.app.page.Page} assembles
 * the HTML, with a form for the server or with a {@link dev.bgem3.app.page.Picture} for a file. Its style,
 * scripts and markup are resources of this package, written by hand; {@code picture.js} draws both. The
 * server's documentation is a second page, which {@code Markdown} converts to HTML.
 */
package dev.bgem3.app.page;
