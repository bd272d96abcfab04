/**
 * The command line {@code bgem3}: {@link dev.bgem3.app.Main} and the packages below it.
 *
 * <ul>
 * <li>{@code command} reads the call's words and nothing else;
 * <li>{@code handler} does each command's work;
 * <li>{@code serve} is the HTTP server, and {@code api} the requests that it reads;
 * <li>{@code page} is the page of the server, and what {@code explain} writes;
 * <li>{@code model} finds the model folder;
 * <li>{@code hub} fetches models, and knows the cache they are in;
 * <li>{@code wire} is the JSON that goes in and out, a line at a time;
 * <li>{@code stream} is bytes: lines in, a file that is written when all is there out.
 * </ul>
 *
 * Each knows only those after it. Arguments are never null; nothing is safe for several threads at once
 * unless it says so.
 */
package dev.bgem3.app;
