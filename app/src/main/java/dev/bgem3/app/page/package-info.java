/**
 * The page that draws what a model makes of a query and passages: {@link dev.bgem3.app.page.Page} puts the
 * HTML together, with a form for the server or with a {@link dev.bgem3.app.page.Picture} for a file. Its
 * style, scripts and markup are resources of this package, written by hand; {@code picture.js} draws for
 * both. Beside it is the server's documentation, which {@code Markdown} turns into HTML.
 */
package dev.bgem3.app.page;
