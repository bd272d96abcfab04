"use strict";

/* The form: asks the server that the page came from, and makes a picture of its answers. */

{
  /* FlagEmbedding scores with as many; more would be megabytes for each text. */
  const MAX_TOKENS = 512;
  const MAX_PASSAGES = 8;
  const MAX_LETTERS = 50000;
  const EXAMPLES = [
    "BGE M3 is an embedding model supporting dense retrieval, lexical matching and multi-vector interaction.",
    "BM25 is a bag-of-words retrieval function that ranks a set of documents based on the query terms appearing in each document",
  ];
  const ALL = ["dense", "sparse", "colbert"];

  const {element, MAX_ROWS, MAX_COLUMNS} = Bgem3Picture;
  const byId = id => document.getElementById(id);
  const form = byId("form");
  const query = byId("query");
  const passages = byId("passages");
  const add = byId("add");
  const status = byId("status");
  const error = byId("error");
  const key = byId("key");
  const keyRow = byId("key-row");
  let info = null;
  let asking = null;
  let drawn = false;

  /** What the person can do something about; field is where. */
  class Refused extends Error {
    constructor(message, field) {
      super(message);
      this.field = field;
    }
  }

  /* Fields. */

  function fields() {
    return [...passages.querySelectorAll("textarea")];
  }

  function mostPassages() {
    return info ? Math.max(0, Math.min(MAX_PASSAGES, info.max_client_batch_size - 1)) : MAX_PASSAGES;
  }

  function addPassage(text) {
    const field = element("textarea", {rows: "3", dir: "auto"});
    field.value = text;
    const remove = element("button", {type: "button"}, "Remove");
    const block = element("div", {}, element("div", {class: "field-head"}, element("label", {}), remove), field);
    remove.addEventListener("click", () => {
      const place = fields().indexOf(field);
      block.remove();
      named();
      changed();
      (fields()[Math.min(place, fields().length - 1)] ?? add).focus();
    });
    passages.append(block);
    named();
    return field;
  }

  /** Numbers the fields anew. */
  function named() {
    fields().forEach((field, i) => {
      const block = field.parentElement;
      field.id = `passage-${i + 1}`;
      const label = block.querySelector("label");
      label.textContent = `Passage ${i + 1}`;
      label.htmlFor = field.id;
      block.querySelector("button").setAttribute("aria-label", `Remove passage ${i + 1}`);
      block.querySelector("button").hidden = fields().length === 1;
    });
    add.disabled = fields().length >= mostPassages();
  }

  function changed() {
    if (drawn) {
      status.textContent = "The texts have changed. The picture below shows the old ones until you compare again.";
    }
  }

  /* The server. */

  async function ask(path, body, signal) {
    const headers = key.value ? {Authorization: `Bearer ${key.value}`} : {};
    let response;
    try {
      response = await fetch(path, body === null ? {headers, signal}
        : {method: "POST", headers: {...headers, "Content-Type": "application/json"}, body: JSON.stringify(body), signal});
    } catch (failure) {
      if (failure.name === "AbortError") {
        throw failure;
      }
      throw new Refused("The server cannot be reached. Is it still running?");
    }
    if (!response.ok) {
      throw await refusal(response);
    }
    return response.json();
  }

  async function refusal(response) {
    const answer = await response.json().catch(() => ({}));
    const said = typeof answer.error === "string" ? answer.error : `status ${response.status}`;
    switch (response.status) {
      case 401:
        keyRow.hidden = false;
        return new Refused(key.value ? "The server rejects this API key." : "This server needs its API key.", key);
      case 413:
        return new Refused(`The texts are too large for this server: ${said}.`);
      case 429:
        return new Refused(`The server is overloaded. Try again in a moment. Its message: ${said}.`);
      case 503:
        return new Refused("The server is stopping.");
      default:
        return new Refused(`The server refused: ${said}.`);
    }
  }

  async function learn(signal) {
    if (info === null) {
      const told = await ask("info", null, signal);
      if (!(told.outputs ?? []).includes("dense")) {
        throw new Refused(`${told.model_id} computes no embeddings, and this page shows nothing else.`);
      }
      info = told;
      byId("about").textContent = `How ${info.model_id} compares them: scores, lexical weights, and the tokens that match.`;
      named();
      say();
    }
  }

  function mostTokens() {
    return Math.min(MAX_TOKENS, info.max_input_length);
  }

  function say() {
    const tokens = info
      ? `It reads the first ${mostTokens().toLocaleString("en")} tokens of a text, and shows where it cut a text. The API and bgem3 explain read up to ${
        info.max_input_length.toLocaleString("en")}, the model's limit.`
      : `It reads the first ${MAX_TOKENS} tokens of a text, and shows where it cut a text.`;
    Bgem3Picture.limits([tokens,
      `It takes ${info ? mostPassages() : MAX_PASSAGES} passages at a time, and ${
        MAX_LETTERS.toLocaleString("en")} characters of a text.`], info ? info.outputs : ALL);
  }

  /* From the answers to a picture. */

  /** Where characters stand in UTF-16 units; asked for places that never decrease. */
  function unitsOf(text) {
    let unit = 0;
    let character = 0;
    return to => {
      for (; character < to; character++) {
        unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
      }
      return unit;
    };
  }

  function textOf(text, tokens, encoded) {
    const weights = new Map((encoded.sparse?.indices ?? []).map((id, i) => [id, encoded.sparse.values[i]]));
    const start = unitsOf(text);
    const stop = unitsOf(text);
    // All but the first and the last, as many as were computed; then the last.
    const read = tokens.slice(1, encoded.token_count - 1).map(token => ({
      id: token.id, start: start(token.start), stop: stop(token.stop),
      // Nothing stands for it where a word begins.
      name: token.text.trim() === "" ? "▁" : token.text,
      weight: weights.get(token.id) ?? 0,
    }));
    const end = tokens.at(-1);
    const at = read.length > 0 ? read.at(-1).stop : 0;
    read.push({id: end.id, start: at, stop: at, name: end.text, weight: 0});
    return {text, token_count: encoded.token_count, full_token_count: encoded.full_token_count, tokens: read};
  }

  function vectorsOf({shape: [rows, dimension], data}) {
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const values = Float32Array.from({length: rows * dimension}, (_, i) => view.getFloat32(4 * i, true));
    return {rows, dimension, values};
  }

  function align(query, passage) {
    const rows = Math.min(MAX_ROWS, query.rows);
    const columns = Math.min(MAX_COLUMNS, passage.rows);
    const similarities = new Array(rows * columns);
    const best = [];
    for (let row = 0; row < rows; row++) {
      const found = {column: 0, similarity: -Infinity};
      for (let column = 0; column < passage.rows; column++) {
        let similarity = 0;
        for (let d = 0; d < query.dimension; d++) {
          similarity += query.values[row * query.dimension + d] * passage.values[column * query.dimension + d];
        }
        if (column < columns) {
          similarities[row * columns + column] = similarity;
        }
        if (similarity > found.similarity) {
          found.column = column;
          found.similarity = similarity;
        }
      }
      best.push(found);
    }
    return {rows, columns, similarities, best};
  }

  async function pictureOf(given, signal) {
    const whole = ALL.every(output => info.outputs.includes(output));
    const cut = {max_length: mostTokens(), truncate: true};
    // As /v1/score reads them. They stand in the texts, where the offsets of tokens count them, and the server is to add none.
    const texts = given.map((text, i) => (i === 0 ? info.query_prompt : info.passage_prompt) + text);
    const [tokens, encoded, scored] = await Promise.all([
      ask("tokenize", {inputs: texts, prompt_name: ""}, signal),
      ask("v1/encode", {inputs: texts, outputs: info.outputs, colbert_format: "base64_fp32", prompt_name: "", ...cut}, signal),
      whole ? ask("v1/score", {query: given[0], passages: given.slice(1), ...cut}, signal) : null,
    ]);
    const read = texts.map((text, i) => textOf(text, tokens[i], encoded.results[i]));
    const colbert = info.outputs.includes("colbert") ? encoded.results.map(result => vectorsOf(result.colbert)) : null;
    const dense = encoded.results.map(result => result.dense);
    return {
      model: info.model_id, outputs: info.outputs, max_length: mostTokens(), weights: whole ? scored.weights : [1, 1, 1],
      query: read[0],
      passages: read.slice(1).map((text, i) => ({
        text,
        scores: whole ? scored.scores[i] : {dense: dense[0].reduce((sum, value, d) => sum + value * dense[i + 1][d], 0)},
        alignment: colbert ? align(colbert[0], colbert[i + 1]) : null,
      })),
    };
  }

  /* Comparing. */

  function textsToCompare() {
    if (mostPassages() === 0) {
      throw new Refused("This server accepts one text per request, and this page needs two: --max-client-batch-size is too small.");
    }
    if (query.value.trim() === "") {
      throw new Refused("The query is empty.", query);
    }
    const given = fields().filter(field => field.value.trim() !== "");
    if (given.length === 0) {
      throw new Refused("There is no passage to compare with.", fields()[0]);
    }
    if (given.length > mostPassages()) {
      throw new Refused(`There are ${given.length} passages, and this server takes ${mostPassages()} at a time.`, given.at(-1));
    }
    for (const field of [query, ...given]) {
      if (field.value.length > MAX_LETTERS) {
        const name = field === query ? "The query" : document.querySelector(`label[for="${field.id}"]`).textContent;
        throw new Refused(`${name} has ${field.value.length.toLocaleString("en")} characters, and this page takes ${
          MAX_LETTERS.toLocaleString("en")}.`, field);
      }
    }
    // Numbered as in the picture.
    fields().filter(field => !given.includes(field)).forEach(field => field.parentElement.remove());
    named();
    return [query.value, ...given.map(field => field.value)];
  }

  async function compare() {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    error.hidden = true;
    error.textContent = "";
    status.textContent = "Comparing …";
    form.setAttribute("aria-busy", "true");
    const start = performance.now();
    try {
      await learn(mine.signal);
      const texts = textsToCompare();
      const picture = await pictureOf(texts, mine.signal);
      if (mine.signal.aborted) {
        return;
      }
      Bgem3Picture.draw(byId("picture"), picture);
      drawn = true;
      const cut = [picture.query, ...picture.passages.map(passage => passage.text)]
        .filter(text => text.token_count < text.full_token_count).length;
      status.textContent = `Done in ${Math.round(performance.now() - start)} ms${
        cut === 0 ? "" : cut === 1 ? "; one text was too long and was cut" : `; ${cut} texts were too long and were cut`}.`;
    } catch (failure) {
      if (mine.signal.aborted) {
        return;
      }
      status.textContent = drawn ? "The picture below shows the previous texts." : "";
      error.hidden = false;
      error.textContent = failure instanceof Refused ? failure.message : `This page failed: ${failure.message}`;
      failure.field?.focus();
    } finally {
      if (asking === mine) {
        form.removeAttribute("aria-busy");
      }
    }
  }

  form.addEventListener("submit", event => {
    event.preventDefault();
    compare();
  });
  form.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      compare();
    }
  });
  form.addEventListener("input", changed);
  add.addEventListener("click", () => {
    addPassage("").focus();
    changed();
  });
  EXAMPLES.forEach(addPassage);
  say();
  if (JSON.parse(byId("data").textContent).key_required) {
    keyRow.hidden = false;
  } else {
    learn().catch(failure => {
      error.hidden = false;
      error.textContent = failure.message;
    });
  }
}
