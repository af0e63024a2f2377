// A learner's side of the class in JupyterLab: the teacher's notices, "Share my labs", "Hand in".
// Written as JupyterLab loads it (a container of module federation), so that nothing is to be built.
(() => {
  const WAIT = 2000; // milliseconds until a server that does not answer is asked again
  const WHERE = 1500; // and between two looks at where the learner is
  const KNOWN = ["en", "de"];
  const language = navigator.languages.map((one) => one.slice(0, 2))
    .find((one) => KNOWN.includes(one)) || "en";
  const words = new URL(`${language}.json`, document.currentScript?.src ?? location.href);
  let scope;
  let catalogue = {};

  // A text in the browser's language, as on the teacher's page.  One that the catalogue lacks stays
  // English; so does one around a cause that the catalogue lacks.
  function say(text, values = {}) {
    const has = (one) => Object.hasOwn(catalogue, one);
    const here = has(text) && (!("cause" in values) || has(values.cause));
    const fill = { ...values, ...(here && "cause" in values ? { cause: catalogue[values.cause] } : {}) };
    return (here ? catalogue[text] : text)
      .replace(/\{(\w+)\}/g, (whole, name) => (name in fill ? fill[name] : whole));
  }

  async function learnWords() {
    if (language === "en") return;
    const answer = await fetch(words);
    if (answer.ok) catalogue = await answer.json();
  }

  async function shared(name) {
    const versions = scope[name];
    const factory = await versions[Object.keys(versions)[0]].get();
    return factory();
  }

  function place(app) {
    // The notebook in front, and the heading above the cell in use.
    const widget = app.shell.currentWidget;
    const content = widget && widget.content;
    const path = widget && widget.context && widget.context.path;
    if (!path || !path.endsWith(".ipynb") || !content || !content.widgets) return ["", ""];
    for (let at = content.activeCellIndex; at >= 0; at -= 1) {
      const model = content.widgets[at] && content.widgets[at].model;
      if (model && model.type === "markdown") {
        const found = model.sharedModel.getSource().match(/^#{1,4}\s+(.*)$/m);
        if (found) return [path.split("/").pop(), found[1].replace(/[`*_]/g, "")];
      }
    }
    return [path.split("/").pop(), ""];
  }

  async function activate(app) {
    const [{ Notification }, { ServerConnection, URLExt }, { Widget }] = await Promise.all([
      shared("@jupyterlab/apputils"),
      Promise.all([shared("@jupyterlab/services"), shared("@jupyterlab/coreutils")])
        .then(([services, utils]) => ({ ...services, URLExt: utils.URLExt })),
      shared("@lumino/widgets"),
    ]);
    const settings = ServerConnection.makeSettings();
    const address = URLExt.join(settings.baseUrl, "nslab/class");

    async function call(path = "", options = {}) {
      const answer = await ServerConnection.makeRequest(address + path, options, settings);
      if (!answer.ok) {
        const said = await answer.json().catch(() => ({}));
        throw Object.assign(new Error(said.reason || said.message || answer.statusText),
          { status: answer.status });
      }
      return answer.json();
    }
    const post = (path, body) => call(path, { method: "POST", body: JSON.stringify(body) });

    let view;
    try {
      view = await call("?since=0");
    } catch {
      return; // no hub, or one without a teacher's view
    }

    await learnWords().catch(() => {}); // English, then

    // -- the two buttons --------------------------------------------------------------------
    const share = document.createElement("button");
    const give = document.createElement("button");
    for (const button of [share, give]) {
      button.className = "jp-mod-styled jp-mod-minimal";
      button.style.cssText = "margin:0 2px;padding:0 8px;height:24px;line-height:22px;" +
        "border:1px solid var(--jp-border-color1);border-radius:4px;" +
        "color:var(--jp-ui-font-color1);background:transparent;white-space:nowrap";
    }
    give.textContent = say("Hand in");
    give.title = say("give your teacher the lessons as they are saved; as often as you like");
    const bar = new Widget();
    bar.id = "nslab-class";
    bar.node.style.cssText = "display:flex;align-items:center;flex:0 0 auto";
    bar.node.append(share, give);
    app.shell.add(bar, "top", { rank: 950 });

    async function switched() {
      try {
        show(await post("", { sharing: !view.sharing }));
      } catch (error) {
        Notification.error(say("“Share my labs” was not switched: {cause}", { cause: error.message }));
      }
    }
    async function handed() {
      give.disabled = true;
      try {
        await app.commands.execute("docmanager:save-all").catch(() => {});
        const { files } = await post("/hand-in", {});
        Notification.success(
          say("Handed in: {files} notebooks. You can hand in again at any time.", { files }),
          { autoClose: 15000 });
      } catch (error) {
        Notification.error(say("Not handed in: {cause}", { cause: error.message }), { autoClose: false });
      } finally {
        give.disabled = false;
      }
    }
    share.addEventListener("click", switched);
    give.addEventListener("click", handed);
    app.commands.addCommand("nslab:share", { label: say("Share My Labs with the Teacher"),
      isToggled: () => Boolean(view.sharing), execute: switched });
    app.commands.addCommand("nslab:hand-in", { label: say("Hand In the Lessons"), execute: handed });

    // -- news -------------------------------------------------------------------------------
    let notice = "", looked = (view.looked || {}).id;
    const seen = (id) => { try { return localStorage.getItem("nslab-said") === id; } catch { return false; } };
    const keep = (id) => { try { localStorage.setItem("nslab-said", id); } catch { /* private window */ } };

    function show(now) {
      view = now;
      share.setAttribute("aria-pressed", String(view.sharing));
      share.textContent = view.sharing ? say("● Labs shared with teacher") : say("Share my labs");
      share.style.borderColor = view.sharing ? "var(--jp-warn-color0)" : "var(--jp-border-color1)";
      share.title = view.sharing
        ? say("Your teacher can look into your labs. Press to stop that.")
        : say("Let your teacher look into your labs: their picture, and why something is not reached");
      const said = view.announcement;
      if (said && !seen(said.id)) {
        if (notice) Notification.dismiss(notice);
        notice = Notification.info(`${said.teacher}: ${said.text}`, { autoClose: false });
        keep(said.id);
      } else if (!said && notice) {
        Notification.dismiss(notice);
        notice = "";
      }
      if (view.looked && view.looked.id !== looked) {
        looked = view.looked.id;
        Notification.info(say("{teacher} has looked into your lab.", view.looked), { autoClose: 5000 });
      }
    }

    async function follow() {
      for (;;) {
        // A page that nobody sees asks nothing: its server may end when it is idle.
        while (document.hidden) await new Promise((done) => setTimeout(done, 500));
        try {
          show(await call(`?since=${view.version}`));
        } catch {
          await new Promise((done) => setTimeout(done, WAIT));
        }
      }
    }

    let told = "";
    setInterval(() => {
      const [notebook, heading] = place(app);
      const now = `${notebook}\n${heading}`;
      if (now !== told && !document.hidden) {
        told = now;
        post("", { notebook, heading }).catch(() => { told = ""; });
      }
    }, WHERE);
    show(view);
    follow();
  }

  const plugin = { id: "nslab-class:plugin", autoStart: true, activate };
  const container = {
    init: async (given) => { scope = given; },
    get: async (name) => {
      if (name !== "./extension") throw new Error(`nslab-class has no ${name}`);
      return () => ({ __esModule: true, default: plugin });
    },
  };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["nslab-class"] = container;
})();
