// Opens Jupyter's own terminals in the lab.  The page asks the server for one, so whatever lets the
// page in (a token, a password, JupyterHub) lets this in, also while the kernel is busy.
const begin = ({ all, own, el }, tries) => {
    const found = [...all.querySelectorAll('.nslab-terminal')].find(own);
    const armed = found && all.querySelector('.nslab-armed input');
    if (!found || (found.dataset.once && !armed)) {
        if (tries) setTimeout(begin, 50, { all, own, el }, tries - 1);
        return;
    }
    const box = () => [...all.querySelectorAll('.nslab-terminal')].find(own);
    const config = JSON.parse(document.getElementById('jupyter-config-data')?.textContent || '{}');
    const base = config.baseUrl?.replace(/\/*$/, '/');
    const say = (words, ...more) => box().querySelector('.nslab-said').replaceChildren(
        words, ...more.flatMap(one => [' ', one]));
    const made = (tag, what) => Object.assign(document.createElement(tag), what);
    const quoted = word => `'${word.replace(/'/g, `'\\''`)}'`;
    const plain = word => /^[\w.@+:-]+$/.test(word) ? word : quoted(word);

    const ask = async (method, body) => {
        const headers = { 'Content-Type': 'application/json' };
        if (config.token) headers.Authorization = `token ${config.token}`;
        const xsrf = document.cookie.match(/\b_xsrf=([^;]*)\b/)?.[1];
        if (xsrf) headers['X-XSRFToken'] = xsrf;
        const answer = await fetch(`${base}api/terminals`,
            { method, headers, body: body && JSON.stringify(body), cache: 'no-store' });
        if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
        return answer.json();
    };
    // Types a line when the shell has shown its prompt, and returns when it has been taken in.
    const type = (name, line) => new Promise((done, failed) => {
        const way = new window.URL(`${base}terminals/websocket/${name}`, location.href);
        way.protocol = way.protocol.replace('http', 'ws');
        if (config.token) way.searchParams.set('token', config.token);
        const socket = new window.WebSocket(way);
        let typed = false;
        const go = () => {
            if (typed || socket.readyState !== 1) return;
            typed = true;
            socket.send(JSON.stringify(['stdin', `${line}\r`]));
        };
        socket.onopen = () => setTimeout(go, 2000);
        socket.onmessage = event => {
            if (JSON.parse(event.data)[0] !== 'stdout') return;
            if (typed) socket.close(); else go();
        };
        socket.onerror = () => failed(new Error('WebSocket'));
        socket.onclose = () => done();
    });
    const show = async name => {
        const app = window.jupyterapp || window.jupyterlab;
        if (config.notebookPage !== undefined) {
            const url = `${base}terminals/${name}`;
            const tab = window.open(url, `nslab-${name}`);
            const { blocked, show } = box().dataset;
            if (tab) say('');
            else say(blocked, made('a', { href: url, target: '_blank', textContent: show }));
            return;
        }
        if (!app) {
            // JupyterLab carries out what a click says on what has these two.
            const link = made('a', { hidden: true });
            link.dataset.commandlinkerCommand = 'terminal:open';
            link.dataset.commandlinkerArgs = JSON.stringify({ name });
            box().append(link);
            link.click();
            link.remove();
            return;
        }
        const terminals = [...app.shell.widgets('main')].filter(one => one.content?.session?.name);
        let shown = terminals.find(one => one.content.session.name === name);
        if (!shown) {
            const book = el.closest('.jp-NotebookPanel')?.id;
            const beside = terminals.find(one => one.isVisible);
            shown = await app.commands.execute('terminal:create-new', { name });
            app.shell.add(shown, 'main', beside
                ? { ref: beside.id, mode: 'tab-after' } : { ref: book, mode: 'split-right' });
        }
        app.shell.activateById(shown.id);
        shown.content.activate();
    };
    const open = async (space, another) => {
        const { enter, lab, hand, off } = box().dataset;
        const byHand = made('code', {
            textContent: space === 'host' ? hand : `${hand} ${plain(space)}` });
        if (!base || config.terminalsAvailable === false || config.terminalsAvailable === 'false') {
            say(off, byHand);
            return;
        }
        say('');
        try {
            const there = (await ask('GET')).map(one => one.name);
            const first = `${space.replace(/[^A-Za-z0-9]/g, '_')}_${lab}`;
            let name = first;
            for (let n = 2; another && there.includes(name); n++) name = `${first}_${n}`;
            if (!there.includes(name)) {
                await ask('POST', { name });
                const title = quoted(`\\033]0;${space.replace(/[\\%]/g, '')}\\007\\033[H\\033[2J\\033[3J`);
                await type(name, ` printf ${title}; exec ${enter} ${quoted(space)}`);
            }
            await show(name);
        } catch (error) {
            say(off, byHand, `(${error.message})`);
        }
    };

    // The place of what is chosen or pressed: ns1 of ns1/eth0.
    const space = name => {
        const label = (name || '').replace(/\u00a0/g, ' ').split('/')[0];
        return !label || label === '–' ? 'host' : label;
    };
    const chosen = () => box().dataset.space
        || space(all.querySelector('.nslab-choice select')?.selectedOptions[0]?.text);
    // The button says where it leads, also while the kernel is busy.
    all.addEventListener('change', event => {
        const button = own(event.target) && event.target.closest('.nslab-choice')
            && box()?.querySelector('[data-words]');
        if (button) button.textContent = button.dataset.words.replace('{place}', chosen);
    });
    all.addEventListener('click', event => {
        const button = own(event.target) && event.target.closest('.nslab-enter');
        if (button) open(chosen(), 'another' in button.dataset);
    });
    all.addEventListener('keydown', event => {
        if (event.key !== 't' || event.ctrlKey || event.metaKey || event.altKey) return;
        const node = own(event.target) && event.target.closest('.nslab-drawn')
            && event.target.closest('[data-link],[data-world],[data-ns]');
        if (!node) return;
        event.preventDefault();
        event.stopPropagation();
        open(space(node.dataset.link || node.dataset.world || node.dataset.ns), false);
    });
    // What a cell asked for is opened once: the box that is ticked then says so to the kernel, and
    // a page that is loaded again, or a notebook that is only read, opens nothing.
    if (armed?.checked) {
        armed.click();
        open(chosen(), 'another' in found.dataset);
    }
};

export default here => begin(here, 200);
