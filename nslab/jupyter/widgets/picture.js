// Looks at a picture more closely: zoom, pan, the whole screen, a small map, copies, and what is
// connected.  Any picture of the page can be looked at so, once one widget of nslab is in it.
const STEP = 1.25, LEAST = 0.2, MOST = 6, REST = 300;
// Pixels that a mouse moves before it shows what is connected; a hand that turns the wheel trembles.
const MOVED = 8;
// The smallest that a letter becomes so that a picture fits its cell; then the picture is moved.
const LETTER = 11;
// Pixels, the most that the small map is wide; beside the tools it takes less of the page's height.
const MAP = 130, LOW = 60;
// With so much of a picture in sight, who looks sees without a map where that is.
const PLAIN = 2 / 3;
const SVG = 'svg.nslab-picture';
const NODE = '[data-link],[data-world],[data-ns]';
const PARTS = `:is(${NODE},[data-cable])`;
// What steps back: lines and grounds; words stay as they are.
const FADES = ':is(.nslab-dim,.nslab-dim *):not(g,text,tspan)';
const named = node => node && (node.dataset.link || node.dataset.world || node.dataset.ns) || '';

const made = (tag, what = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), what);
    element.append(...children);
    return element;
};

// A picture with all that the page's style gives it, so that it looks the same anywhere.
const KEPT = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linecap', 'opacity',
    'fill-opacity', 'stroke-opacity', 'font-family', 'font-size', 'font-weight', 'font-style',
    'text-anchor', 'text-decoration', 'display', 'visibility'];
const alone = svg => {
    const copy = svg.cloneNode(true), [, , wide, high] = svg.getAttribute('viewBox').split(/\s+/);
    const from = [svg, ...svg.querySelectorAll('*')], to = [copy, ...copy.querySelectorAll('*')];
    from.forEach((each, n) => {
        to[n].classList?.remove('nslab-dim');
        if (each.closest('defs,style,title,desc')) return;
        const style = getComputedStyle(each);
        for (const name of KEPT) if (!(each.matches(FADES) && name === 'opacity'))
            to[n].style.setProperty(name, style.getPropertyValue(name));
    });
    let behind = svg, ground = '';
    while (behind && (!ground || ground === 'rgba(0, 0, 0, 0)')) {
        ground = getComputedStyle(behind).backgroundColor;
        behind = behind.parentElement;
    }
    copy.setAttribute('style', `background:${ground};color:${getComputedStyle(svg).color}`);
    copy.setAttribute('width', wide);
    copy.setAttribute('height', high);
    copy.querySelectorAll('style,animate,animateMotion,animateTransform').forEach(one => one.remove());
    return { text: new XMLSerializer().serializeToString(copy), wide: +wide, high: +high, ground };
};
const asPng = ({ text, wide, high, ground }) => new Promise((done, failed) => {
    const image = new Image();
    image.onerror = failed;
    image.onload = () => {
        const canvas = made('canvas', { width: 2 * wide, height: 2 * high });
        const paint = canvas.getContext('2d');
        paint.fillStyle = ground;
        paint.fillRect(0, 0, canvas.width, canvas.height);
        paint.drawImage(image, 0, 0, canvas.width, canvas.height);
        canvas.toBlob(blob => blob ? done(blob) : failed(new Error('canvas')), 'image/png');
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
});
const save = (blob, name) => {
    const link = made('a', { href: window.URL.createObjectURL(blob), download: name, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => window.URL.revokeObjectURL(link.href), 10000);
};

// What is connected: by cables, and by what the kernel told of bridges and parents (`graph`).
const connected = (svg, name, graph) => {
    const next = new Map();
    const join = (one, other) => {
        next.set(one, [...(next.get(one) || []), other]);
        next.set(other, [...(next.get(other) || []), one]);
    };
    svg.querySelectorAll('[data-cable]').forEach(each => join(...each.dataset.cable.split(' ')));
    (graph || []).forEach(pair => join(...pair));
    const links = [...svg.querySelectorAll('[data-link]')].map(each => each.dataset.link);
    const begin = name.includes('/') ? [name]
        : [...links, ...next.keys()].filter(link => link.startsWith(`${name}/`));
    const seen = new Set([name, ...begin]), todo = [...begin];
    while (todo.length) for (const other of next.get(todo.pop()) || [])
        if (!seen.has(other)) { seen.add(other); todo.push(other); }
    for (const one of [...seen]) seen.add(one.split('/')[0]);
    return seen;
};

// Makes a picture's frame: `frame` is around all, `view` scrolls, and holds the picture.
const frameOf = (frame, view, words, options) => {
    if (frame.nslabFrame) return frame.nslabFrame;
    const self = frame.nslabFrame = { zoom: 0 };
    frame.classList.add('nslab-frame');
    view.classList.add('nslab-window');
    view.tabIndex = 0;
    view.setAttribute('role', 'group');
    view.setAttribute('aria-label', words.window);
    const svg = () => view.querySelector(SVG);
    const natural = () => +svg()?.getAttribute('width') || 1;
    const tall = () => +svg()?.getAttribute('height') || 1;
    const scale = () => (svg()?.getBoundingClientRect().width || 1) / natural();
    const said = made('span', { className: 'nslab-heard' });
    said.setAttribute('role', 'status');
    let fading = 0;
    const tell = text => {
        said.textContent = text;
        clearTimeout(fading);
        fading = setTimeout(() => { said.textContent = ''; }, 2500);
    };

    const legible = () => {
        const texts = [...svg()?.querySelectorAll('text') || []].slice(0, 60);
        const sizes = texts.map(each => parseFloat(getComputedStyle(each).fontSize) || 12);
        const drawn = +(svg()?.getAttribute('viewBox') || '0 0 1 1').split(/\s+/)[2] || 1;
        return Math.ceil(drawn * Math.min(1, LETTER / Math.min(12, ...sizes)));
    };
    const apply = () => {
        // With parts that can be reached it is no single image.
        if (svg()?.querySelector('[tabindex]')) svg().setAttribute('role', 'group');
        frame.classList.toggle('nslab-zoomed', self.zoom > 0);
        // It becomes smaller so as to fit, as long as it can be read; what stands beside it makes
        // room first.
        if (options.legible) {
            frame.style.setProperty('--nslab-least', `${legible()}px`);
            frame.style.setProperty('--nslab-natural', `${natural()}px`);
        }
        frame.style.setProperty('--nslab-width', `${Math.round(natural() * self.zoom)}px`);
        mapped();
    };
    // The point under (x, y) stays where it is.
    self.to = (zoom, x, y) => {
        const before = svg()?.getBoundingClientRect();
        if (!before?.width) return;
        x ??= view.getBoundingClientRect().left + view.clientWidth / 2;
        y ??= view.getBoundingClientRect().top + view.clientHeight / 2;
        const share = [(x - before.left) / before.width, (y - before.top) / before.height];
        self.zoom = Math.min(MOST, Math.max(LEAST, zoom));
        fits = false;
        apply();
        const after = svg().getBoundingClientRect();
        view.scrollLeft += after.left + share[0] * after.width - x;
        view.scrollTop += after.top + share[1] * after.height - y;
        tell(`${Math.round(100 * self.zoom)} %`);
        mapped();
    };
    self.by = (factor, x, y) => self.to(scale() * factor, x, y);
    self.reset = () => { self.zoom = 0; apply(); view.scrollTo(0, 0); };
    self.fit = () => {
        const room = document.fullscreenElement === frame ? view.clientHeight
            : Math.min(innerHeight * 0.8, 4000);
        self.to(Math.min((view.clientWidth - 8) / natural(), (room - 12) / tall(), MOST));
        view.scrollTo(0, 0);
    };
    // In a full screen it is fitted, unless a hand has made it larger or smaller there already.
    let fits = false;
    self.full = async () => {
        if (document.fullscreenElement) return document.exitFullscreen();
        fits = true;
        try { await frame.requestFullscreen(); } catch { tell(words.refused); return; }
        frame.querySelector('.nslab-tool-full')?.focus();
    };
    frame.addEventListener('keydown', event => {
        if (event.key === 'Escape' && document.fullscreenElement === frame) document.exitFullscreen();
    });
    let fitting = 0;
    frame.addEventListener('fullscreenchange', () => {
        // Whoever leaves at once is not to find it fitted to a screen that is gone.
        clearTimeout(fitting);
        if (document.fullscreenElement === frame)
            fitting = setTimeout(() => { if (fits) self.fit(); }, 50);
        else self.reset();
    });
    const copy = async kind => {
        if (!svg()) return;
        const drawing = alone(svg());
        const text = new Blob([drawing.text], { type: 'image/svg+xml' });
        try {
            if (kind === 'svg') await navigator.clipboard.writeText(drawing.text);
            else {
                const blob = asPng(drawing);
                await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
            }
            tell(words.copied);
        } catch {
            save(kind === 'svg' ? text : await asPng(drawing), `nslab.${kind}`);
            tell(words.saved);
        }
    };

    // The controls.
    const button = (name, sign, title, call) => {
        const one = made('button', { type: 'button', className: `nslab-tool nslab-tool-${name}`, title });
        one.textContent = sign;
        one.setAttribute('aria-label', title);
        one.addEventListener('click', event => { event.stopPropagation(); call(); });
        return one;
    };
    const tools = made('div', { className: 'nslab-tools' },
        button('out', '', words.out, () => self.by(1 / STEP)),
        button('in', '', words.in, () => self.by(STEP)),
        button('fit', '', words.fit, () => self.fit()),
        button('reset', '1:1', words.reset, () => self.to(1)),
        button('svg', 'SVG', words.svg, () => copy('svg')),
        button('png', 'PNG', words.png, () => copy('png')),
        button('full', '', words.full, () => self.full()),
        said);
    tools.setAttribute('role', 'toolbar');
    tools.setAttribute('aria-label', words.tools);
    frame.insertBefore(tools, options.after ? view.nextSibling : view);

    // By keyboard: in the window, on what is in it, and on the controls, where the focus is after
    // the whole screen was asked for.
    frame.addEventListener('keydown', event => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target.closest('input, select, textarea')) return;
        // Around what has the focus, if that is a part.
        const part = event.target.closest(NODE)?.getBoundingClientRect();
        const by = factor => self.by(factor, part && part.left + part.width / 2,
            part && part.top + part.height / 2);
        const call = {
            '+': () => by(STEP), '=': () => by(STEP), '-': () => by(1 / STEP),
            0: self.reset, f: self.full, 1: () => self.to(1), 9: self.fit,
        }[event.key];
        if (!call) return;
        event.preventDefault();
        event.stopPropagation();
        call();
    });
    view.addEventListener('wheel', event => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        self.by(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 300),
            event.clientX, event.clientY);
    }, { passive: false });

    // By pointer: one pans, two pinch.
    const pointers = new Map();
    let apart = 0, moved = false;
    const spread = () => {
        const [a, b] = [...pointers.values()];
        return [Math.hypot(a.x - b.x, a.y - b.y), (a.x + b.x) / 2, (a.y + b.y) / 2];
    };
    view.addEventListener('pointerdown', event => {
        if (event.button || (event.target.closest(NODE) && options.grips)) return;
        pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
        moved = false;
        if (pointers.size === 2) apart = spread()[0];
    });
    view.addEventListener('pointermove', event => {
        const from = pointers.get(event.pointerId);
        if (!from) return;
        const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
        if (!moved && Math.hypot(dx, dy) < 5) return;
        if (!moved) try { view.setPointerCapture(event.pointerId); } catch { }
        moved = true;
        pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (pointers.size === 2) {
            const [now, x, y] = spread();
            if (apart) self.by(now / apart, x, y);
            apart = now;
        } else if (event.pointerType !== 'touch') {
            view.scrollLeft -= dx;
            view.scrollTop -= dy;
        }
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'])
        view.addEventListener(end, event => {
            // A finger is captured by what it touches; that this passes to the view is no end.
            if (end === 'lostpointercapture' && event.target !== view) return;
            pointers.delete(event.pointerId);
            apart = 0;
        });
    // With two fingers it is no scrolling: the browser is not to take them away.
    view.addEventListener('touchmove', event => {
        if (event.touches.length > 1 && event.cancelable) event.preventDefault();
    }, { passive: false });
    view.addEventListener('click', event => {
        if (!moved) return;  // what was dragged was not clicked
        moved = false;
        event.stopPropagation();
        event.preventDefault();
    }, true);

    // The small map, when there is more than is seen.
    const map = made('div', { className: 'nslab-map', hidden: true });
    map.setAttribute('aria-hidden', 'true');
    const seen = made('div', { className: 'nslab-seen' });
    frame.append(map);
    let drawing = 0;
    const outline = () => {
        const all = svg();
        if (!all || map.hidden) return;
        const box = all.getBoundingClientRect(), mine = view.getBoundingClientRect();
        const share = (part, whole) => `${100 * Math.max(0, Math.min(1, part / whole))}%`;
        Object.assign(seen.style, {
            left: share(mine.left - box.left, box.width), top: share(mine.top - box.top, box.height),
            width: share(view.clientWidth, box.width), height: share(view.clientHeight, box.height),
        });
    };
    function mapped() {
        clearTimeout(drawing);
        drawing = setTimeout(() => {
            const all = svg();
            // In a full screen the map takes of the window's height: without it all may be seen.
            const taken = map.hidden || document.fullscreenElement !== frame ? 0 : map.offsetHeight + 4;
            const more = all && (view.scrollWidth > view.clientWidth + 8
                || view.scrollHeight > view.clientHeight + taken + 8);
            view.classList.toggle('nslab-more', Boolean(more));
            map.hidden = !more || Math.min(view.clientWidth / view.scrollWidth,
                (view.clientHeight + taken) / view.scrollHeight) >= PLAIN;
            if (map.hidden) { map.nslabOf = null; return map.replaceChildren(); }
            if (map.nslabOf !== all) {
                const copy = all.cloneNode(true);
                copy.querySelectorAll('title,desc,animate,animateMotion').forEach(one => one.remove());
                copy.querySelectorAll('*').forEach(one => {
                    one.removeAttribute('tabindex');
                    for (const key of Object.keys(one.dataset)) delete one.dataset[key];
                    if (one.id) one.removeAttribute('id');
                });
                copy.classList.add('nslab-small');
                for (const name of ['role', 'aria-label', 'style']) copy.removeAttribute(name);
                map.replaceChildren(copy, seen);
                map.nslabOf = all;
            } else if (!seen.isConnected) map.append(seen);
            map.style.aspectRatio = `${natural()} / ${tall()}`;
            const apart = frame.matches('.nslab-still, :fullscreen');
            const high = apart ? MAP : Math.min(MAP, Math.max(LOW, LOW * tall() / natural()));
            map.style.width = `${Math.min(MAP, high * natural() / tall())}px`;
            outline();
        }, 30);
    }
    view.addEventListener('scroll', outline);
    const go = event => {
        if (event.buttons !== 1) return;
        event.preventDefault();
        const box = map.getBoundingClientRect();
        const part = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
        view.scrollTo(part[0] * view.scrollWidth - view.clientWidth / 2,
            part[1] * view.scrollHeight - view.clientHeight / 2);
    };
    map.addEventListener('pointerdown', go);
    map.addEventListener('pointermove', go);
    new ResizeObserver(mapped).observe(view);

    // What is connected stays, the rest steps back.
    let held = '', byMouse = false, resting = 0;
    const dim = (name, mouse = false) => {
        held = name;
        byMouse = mouse;
        const all = svg();
        if (!all) return;
        const parts = [...all.querySelectorAll(PARTS)];
        const set = name && connected(all, name, options.graph?.());
        const there = name && parts.some(each => named(each) === name);
        for (const each of parts) {
            const stays = !there || (each.dataset.cable
                ? each.dataset.cable.split(' ').every(end => set.has(end))
                : set.has(each.dataset.link || each.dataset.world || each.dataset.ns));
            each.classList.toggle('nslab-dim', !stays);
        }
    };
    // A picture that is scrolled below a mouse that lies still was not pointed at.
    const over = event => {
        if (event.pointerType === 'touch') return;
        clearTimeout(resting);
        const node = event.target.closest?.(NODE), name = named(node);
        // (What comes below it by scrolling is told by `pointerover` alone.)
        const moved = event.type === 'pointermove'
            && document.documentElement.nslabMoved >= MOVED;
        if (name === held) return;
        if (moved && name)
            resting = setTimeout(() => dim(view.contains(node) ? name : '', true), REST);
        else if (moved || byMouse) resting = setTimeout(() => dim(''), 100);
    };
    view.addEventListener('pointerover', over);
    view.addEventListener('pointermove', over);
    view.addEventListener('pointerleave', () => {
        clearTimeout(resting);
        if (byMouse) dim('');
    });
    view.addEventListener('focusin', event => {
        const node = event.target.closest(NODE);
        if (node?.matches(':focus-visible')) dim(named(node));
    });
    view.addEventListener('focusout', () => dim(''));

    // A redraw replaces the picture; what was looked at is looked at still.
    self.redrawn = () => { apply(); if (held) dim(held, byMouse); };
    new MutationObserver(self.redrawn).observe(view, { childList: true });
    apply();
    return self;
};

// A picture that no widget keeps gets its frame when a hand comes near.
const anywhere = words => {
    const root = document.documentElement;
    if (root.nslabPictures) return;
    root.nslabPictures = true;
    const near = event => {
        const svg = event.target.closest?.(SVG);
        if (!svg || svg.closest('.nslab-frame,.nslab-drawn,.nslab-journey')) return;
        const view = made('div'), frame = made('div', { className: 'nslab-still' }, view);
        const focused = svg.contains(document.activeElement) && document.activeElement;
        svg.replaceWith(frame);
        view.append(svg);
        frameOf(frame, view, words, { legible: true });
        focused?.focus?.({ preventScroll: true });
        frame.addEventListener('focusin', each =>
            each.target.setAttribute('data-lm-suppress-shortcuts', 'true'));
    };
    document.addEventListener('pointerover', near);
    document.addEventListener('focusin', near);
    // How far the mouse has moved by itself since something was scrolled.
    root.nslabMoved = 0;
    document.addEventListener('scroll', () => { root.nslabMoved = 0; }, true);
    document.addEventListener('pointermove', event => {
        root.nslabMoved += Math.abs(event.movementX) + Math.abs(event.movementY);
    }, true);
};

export default ({ all, model, own }) => {
    const words = model.get('words');
    const begin = () => all.querySelectorAll(':is(.nslab-drawn,.nslab-journey)').forEach(each => {
        const view = each.querySelector(':scope > .widget-html-content');
        if (!own(each) || !view?.querySelector(SVG)) return;
        frameOf(each, view, words, {
            legible: true,
            graph: () => model.get('graph'), grips: all.matches('.nslab-builder *, .nslab-builder'),
        });
    });
    begin();
    new MutationObserver(begin).observe(all, { childList: true, subtree: true });
    anywhere(words);

    // What has changed is brought into sight, in its window and in the page.
    const show = () => {
        const [name] = model.get('sight') || [];
        if (!name) return;
        let tries = 20;
        const look = () => {
            const node = [...all.querySelectorAll(`.nslab-drawn ${SVG} :is(${NODE})`)]
                .find(each => own(each) && named(each) === name);
            if (!node) { if (tries--) setTimeout(look, 50); return; }
            node.scrollIntoView({ block: 'nearest', inline: 'nearest' });
        };
        look();
    };
    model.on('change:sight', show);
};
