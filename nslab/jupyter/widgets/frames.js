// The frames of a capture as a list with columns, and the layers and bytes of one.  What is chosen
// here is told to the kernel; to fold a layer or to go from a field to its bytes asks nobody.
const made = (tag, what = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), what);
    element.append(...children);
    return element;
};
const keep = event => { event.preventDefault(); event.stopPropagation(); };

const list = (model, el) => {
    const words = model.get('words');
    const head = made('div', { className: 'nslab-row nslab-columns' },
        ...words.columns.map(text => made('span', { textContent: text })));
    head.setAttribute('aria-hidden', 'true');
    const rows = made('div', { className: 'nslab-rows', tabIndex: 0 });
    rows.setAttribute('role', 'listbox');
    rows.setAttribute('aria-label', words.list);
    el.append(made('div', { className: 'nslab-sheet' }, head, rows));
    const mark = `nslab-${Math.random().toString(36).slice(2)}-`;
    const cell = (text, protocol) => {
        const own = text.startsWith(`${protocol}: `) ? `${protocol}: ` : '';
        return made('span', { title: text },
            ...own ? [made('span', { className: 'nslab-protocol', textContent: own })] : [],
            text.slice(own.length));
    };

    const show = () => {
        const chosen = model.get('chosen');
        for (const row of rows.children) {
            const on = row.dataset.frame === String(chosen);
            row.setAttribute('aria-selected', String(on));
            if (on) {
                rows.setAttribute('aria-activedescendant', row.id);
                const [top, low] = [row.offsetTop, row.offsetTop + row.offsetHeight];
                if (top < rows.scrollTop) rows.scrollTop = top;
                else if (low > rows.scrollTop + rows.clientHeight)
                    rows.scrollTop = low - rows.clientHeight;
            }
        }
        if (![...rows.children].some(row => row.getAttribute('aria-selected') === 'true'))
            rows.removeAttribute('aria-activedescendant');
    };
    const fill = () => {
        rows.replaceChildren(...model.get('rows').map(({ number, protocol, colour, cells }) => {
            const row = made('div', { className: 'nslab-row', id: mark + number },
                ...cells.map(text => cell(text, cells[4])));
            row.dataset.frame = number;
            row.dataset.protocol = protocol;
            row.style.setProperty('--nslab-of', colour);
            row.setAttribute('role', 'option');
            return row;
        }));
        rows.classList.toggle('nslab-none', !rows.children.length);
        show();
    };
    const choose = place => {
        const all = model.get('rows');
        const next = all[Math.min(Math.max(place, 0), all.length - 1)];
        if (!next) return;
        model.set('chosen', next.number);
        model.save_changes();
        show();
    };
    rows.addEventListener('click', event => {
        const row = event.target.closest('[data-frame]');
        if (row) choose([...rows.children].indexOf(row));
    });
    rows.addEventListener('keydown', event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const at = model.get('rows').findIndex(row => row.number === model.get('chosen'));
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: Infinity,
            PageDown: at + 8, PageUp: at - 8 }[event.key];
        if (to === undefined) return;
        keep(event);
        choose(to);
    });
    model.on('change:rows', fill);
    model.on('change:chosen', show);
    fill();
    // In another width rows have other heights: what is chosen stays in sight.
    new ResizeObserver(show).observe(rows);
};

const opened = (model, el) => {
    const words = model.get('words');
    const tree = made('div', { className: 'nslab-tree', tabIndex: 0 });
    tree.setAttribute('role', 'tree');
    tree.setAttribute('aria-label', words.tree);
    const hex = made('div', { className: 'nslab-hex', tabIndex: 0 });
    hex.setAttribute('role', 'group');
    hex.setAttribute('aria-label', words.hex);
    const said = made('div', { className: 'nslab-value' });
    said.setAttribute('role', 'status');
    el.append(made('div', { className: 'nslab-parts' }, tree,
        made('div', { className: 'nslab-beside' }, hex, said)));
    const mark = `nslab-${Math.random().toString(36).slice(2)}-`;
    const folded = new Set();  // by name: a layer that was folded stays so in the next frame
    let at = [0, -1], cursor = 0;

    const layers = () => model.get('layers');
    const part = () => layers()[at[0]]?.fields[at[1]] || layers()[at[0]];
    const within = one => 'size' in one
        ? [Math.floor(one.start / 8), Math.floor((one.start + one.size + 7) / 8)]
        : [one.start, one.end];
    const show = () => {
        const one = part();
        tree.querySelectorAll('[aria-selected]').forEach(item => {
            const on = item.id === `${mark}${at[0]}-${at[1]}`;
            item.setAttribute('aria-selected', String(on));
            if (!on) return;
            tree.setAttribute('aria-activedescendant', item.id);
            const low = item.offsetTop + item.offsetHeight;
            if (item.offsetTop < tree.scrollTop) tree.scrollTop = item.offsetTop;
            else if (low > tree.scrollTop + tree.clientHeight) tree.scrollTop = low - tree.clientHeight;
        });
        const [first, end] = one ? within(one) : [0, 0];
        hex.querySelectorAll('[data-at]').forEach(byte => {
            byte.classList.toggle('nslab-set', byte.dataset.at >= first && byte.dataset.at < end);
            byte.classList.toggle('nslab-cursor', Number(byte.dataset.at) === cursor);
        });
        const layer = layers()[at[0]];
        said.textContent = !one ? '' : [
            at[1] < 0 ? layer.name : `${layer.name}.${one.name} = ${one.value}`,
            one.is,
            'size' in one && one.size % 8 ? words.bits.replace('{count}', one.size) : '',
            words.bytes.replace('{first}', first).replace('{last}', end - 1),
        ].filter(Boolean).join(' · ');
    };
    const go = (layer, field, by) => {
        at = [layer, field];
        if (by !== 'byte' && part()) cursor = within(part())[0];
        if (field >= 0 && folded.has(layers()[layer].name)) fold(layer, false);
        model.set('field', at);
        model.save_changes();
        show();
    };
    const fold = (layer, on) => {
        const { name } = layers()[layer];
        if (on) folded.add(name); else folded.delete(name);
        fill();
    };
    const fill = () => {
        const all = layers();
        if (!all[at[0]] || at[1] >= all[at[0]].fields.length) at = [0, -1];
        tree.replaceChildren(...all.flatMap((layer, n) => {
            const shut = folded.has(layer.name);
            const head = made('div', { className: 'nslab-layer', id: `${mark}${n}--1` },
                made('span', { className: 'nslab-caret', textContent: shut ? '▸' : '▾' }),
                ` ${layer.name}`);
            head.dataset.layer = n;
            head.style.setProperty('--nslab-of', layer.colour);
            head.setAttribute('role', 'treeitem');
            head.setAttribute('aria-level', '1');
            head.setAttribute('aria-expanded', String(!shut));
            head.setAttribute('aria-selected', 'false');
            const fields = shut ? [] : layer.fields.map((field, m) => {
                const item = made('div', { className: 'nslab-field', id: `${mark}${n}-${m}` },
                    made('span', { className: 'nslab-called', textContent: `${field.name}: ` }),
                    field.value);
                item.title = field.is;
                item.dataset.layer = n;
                item.dataset.field = m;
                item.setAttribute('role', 'treeitem');
                item.setAttribute('aria-level', '2');
                item.setAttribute('aria-selected', 'false');
                return item;
            });
            return [head, ...fields];
        }));
        const bytes = model.get('data').match(/../g) || [];
        const owner = place => all.find(layer => place >= layer.start && place < layer.end);
        hex.replaceChildren();
        for (let row = 0; row < bytes.length; row += 16) {
            const line = made('div', {}, made('span', {
                className: 'nslab-offset', textContent: `${row.toString(16).padStart(4, '0')}  ` }));
            bytes.slice(row, row + 16).forEach((text, n) => {
                const byte = made('span', { className: 'nslab-byte', textContent: text });
                byte.dataset.at = row + n;
                byte.style.setProperty('--nslab-of', owner(row + n)?.colour || 'currentColor');
                line.append(byte);
            });
            const read = bytes.slice(row, row + 16).map(text => parseInt(text, 16))
                .map(code => code > 31 && code < 127 ? String.fromCharCode(code) : '·').join('');
            const rest = Math.max(0, row + 16 - bytes.length);  // columns stay where they are
            line.append(' '.repeat(3 * rest), made('span', { className: 'nslab-read', textContent: read }));
            hex.append(line);
        }
        el.hidden = !all.length;
        show();
    };
    const byte = place => {
        const all = layers(), last = model.get('data').length / 2 - 1;
        cursor = Math.min(Math.max(place, 0), last);
        const n = all.findIndex(layer => cursor >= layer.start && cursor < layer.end);
        if (n < 0) return;
        const m = all[n].fields.findIndex(field => {
            const [first, end] = within(field);
            return cursor >= first && cursor < end;
        });
        go(n, m, 'byte');
    };
    tree.addEventListener('click', event => {
        const item = event.target.closest('[data-layer]');
        if (!item) return;
        const n = Number(item.dataset.layer);
        if (event.target.closest('.nslab-caret')) return fold(n, !folded.has(layers()[n].name));
        go(n, item.dataset.field === undefined ? -1 : Number(item.dataset.field));
    });
    tree.addEventListener('dblclick', event => {
        const head = event.target.closest('.nslab-layer');
        if (head) fold(Number(head.dataset.layer), !folded.has(layers()[head.dataset.layer].name));
    });
    tree.addEventListener('keydown', event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const seen = [...tree.children];
        const now = seen.findIndex(item => item.getAttribute('aria-selected') === 'true');
        const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: seen.length - 1 }[event.key];
        const side = { ArrowLeft: true, ArrowRight: false }[event.key];
        if (to === undefined && side === undefined && event.key !== 'Enter') return;
        keep(event);
        if (to !== undefined) {
            const item = seen[Math.min(Math.max(to, 0), seen.length - 1)];
            if (item) go(Number(item.dataset.layer), Number(item.dataset.field ?? -1));
        } else if (side === undefined) fold(at[0], !folded.has(layers()[at[0]].name));
        else if (side && at[1] >= 0) go(at[0], -1);
        else fold(at[0], side);
    });
    hex.addEventListener('click', event => {
        const one = event.target.closest('[data-at]');
        if (one) byte(Number(one.dataset.at));
    });
    hex.addEventListener('keydown', event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 16, ArrowUp: -16 }[event.key];
        if (!step) return;
        keep(event);
        byte(cursor + step);
    });
    model.on('change:layers change:data', fill);
    fill();
};

export default {
    render({ model, el }) {
        (model.get('words').columns ? list : opened)(model, el);
        // A file that was asked for.
        model.on('msg:custom', ({ save }, [bytes] = []) => {
            if (!save || !bytes) return;
            const blob = new Blob([bytes], { type: 'application/octet-stream' });
            const link = made('a', { href: URL.createObjectURL(blob), download: save, hidden: true });
            document.body.append(link);
            link.click();
            link.remove();
            setTimeout(() => URL.revokeObjectURL(link.href), 10000);
        });
    },
};
