/** Where a model folder is looked for. */
package dev.bgem3.app.model;
