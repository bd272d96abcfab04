/**
 * The command line {@code bgem3}: {@link dev.bgem3.app.Main} and the packages below it.
 *
 * <ul>
 * <li>{@code command} parses the command line;
 * <li>{@code handler} runs each command;
 * <li>{@code serve} is the HTTP server, and {@code api} the requests that it reads;
 * <li>{@code page} makes the server's page, and the page that {@code explain} writes;
 * <li>{@code model} finds the model folder;
 * <li>{@code hub} downloads models into the Hugging Face cache;
 * <li>{@code wire} reads and writes JSON Lines;
 * <li>{@code stream} reads lines, and writes files that appear only when complete.
 * </ul>
 *
 * Each package depends only on those after it. Arguments are never null; a class is thread-safe only if it
 * says so.
 */
package dev.bgem3.app;
