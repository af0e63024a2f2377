// Building in the picture: what is dragged onto what, and what can be done with a node.  The kernel
// says what it means: it fills in the form, and Do it sends it.
const NODE = '[data-link],[data-world],[data-ns]';
const FAR = 6;
const named = node => node && (node.dataset.link || node.dataset.world || node.dataset.ns) || '';
const made = (tag, what = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), what);
    element.append(...children);
    return element;
};

export default ({ all, model, signal }) => {
    const words = model.get('words');
    const node = element => {
        const found = element?.closest?.('.nslab-drawn') && all.contains(element)
            && !element.closest('.nslab-map') && element.closest(NODE);
        return found || null;
    };
    // What stands behind everything is the host's.
    // Something new may be dropped beside the picture and below it, too.
    const place = (element, isNew) => named(node(element)) || (all.contains(element)
        && element.closest?.(isNew ? '.nslab-live' : '.nslab-drawn') ? 'host' : '');
    const tell = what => {
        model.set('gesture', { ...what, number: Math.random() });
        model.save_changes();
    };

    // -- dragging ------------------------------------------------------------------------------
    let from = null, ghost = null, aim = null;
    const aimed = next => {
        if (aim === next) return;
        aim?.classList.remove('nslab-aim');
        aim = next;
        aim?.classList.add('nslab-aim');
    };
    const end = () => {
        ghost?.remove();
        aimed(null);
        ghost = from = null;
        all.classList.remove('nslab-dragging', 'nslab-bringing');
    };
    all.addEventListener('pointerdown', event => {
        const piece = event.target.closest?.('.nslab-piece');
        const thing = piece ? piece.dataset.piece : named(node(event.target));
        if (event.button || !thing || event.target.closest('.nslab-menu')) return;
        const words = piece?.textContent || thing;
        from = { thing, words, isNew: Boolean(piece), x: event.clientX, y: event.clientY };
    });
    const move = event => {
        if (!from) return;
        if (!ghost) {
            if (Math.hypot(event.clientX - from.x, event.clientY - from.y) < FAR) return;
            shut(false);
            ghost = made('div', { className: 'nslab-ghost', textContent: from.words });
            document.body.append(ghost);
            all.classList.add('nslab-dragging');
            all.classList.toggle('nslab-bringing', from.isNew);
            getSelection().removeAllRanges();
        }
        event.preventDefault();
        ghost.style.transform = `translate(${event.clientX + 10}px, ${event.clientY + 10}px)`;
        const under = node(document.elementFromPoint(event.clientX, event.clientY));
        aimed(under && named(under) !== from.thing ? under : null);
    };
    const up = event => {
        if (!from) return;
        const { thing, isNew } = from, dragged = ghost;
        const under = document.elementFromPoint(event.clientX, event.clientY);
        const onto = dragged && place(under, isNew);
        end();
        if (!dragged) return;
        // What was dragged was not clicked.
        const stop = click => { click.stopPropagation(); click.preventDefault(); };
        all.addEventListener('click', stop, { capture: true, once: true });
        setTimeout(() => all.removeEventListener('click', stop, { capture: true }));
        // Outside of all that takes it (`onto` is empty then), too: the kernel says so.
        if (onto !== thing) tell({ what: thing, onto });
    };
    document.addEventListener('pointermove', move, { signal });
    document.addEventListener('pointerup', up, { signal });
    document.addEventListener('pointercancel', end, { signal });
    all.addEventListener('dragstart', event => { if (from) event.preventDefault(); });
    all.addEventListener('keydown', event => {
        if (event.key === 'Escape' && from) { event.stopPropagation(); end(); }
    });

    // A press on a piece of the palette puts it where the chosen thing is.
    const chosen = () => {
        const text = all.querySelector('.nslab-choice select')?.selectedOptions[0]?.text || '';
        return text === '–' ? 'host' : text.replace(/\u00a0/g, ' ');
    };
    all.addEventListener('click', event => {
        const piece = event.target.closest?.('.nslab-piece');
        if (piece) tell({ what: piece.dataset.piece, onto: chosen() });
    });

    // -- what can be done with a node ----------------------------------------------------------
    let menu = null, asked = null;
    function shut(back) {
        if (!menu) return;
        const thing = menu.dataset.of;
        menu.remove();
        menu = null;
        if (back) [...all.querySelectorAll(`.nslab-drawn :is(${NODE})`)]
            .find(each => named(each) === thing && each.hasAttribute('tabindex'))
            ?.focus({ preventScroll: true });
    }
    const ask = (at, x, y) => {
        asked = { thing: named(at), x, y };
        tell({ menu: named(at) });
    };
    all.addEventListener('click', event => {
        const at = node(event.target);
        if (at) ask(at, event.clientX, event.clientY);
    });
    all.addEventListener('keydown', event => {
        if (event.key !== 'Enter' && event.key !== ' ' && event.key !== 'ContextMenu') return;
        const at = node(event.target);
        if (!at) return;
        const box = at.getBoundingClientRect();
        ask(at, box.left + Math.min(box.width, 60), box.top + Math.min(box.height, 30));
        event.preventDefault();
    }, true);
    const open = () => {
        const { of, items } = model.get('offers');
        if (!asked || of !== asked.thing) return;
        shut(false);
        if (!items.length) return;
        menu = made('div', { className: 'nslab-menu' },
            made('div', { className: 'nslab-menu-head', textContent: of }),
            ...items.map((text, n) => {
                const item = made('button', { type: 'button', textContent: text, tabIndex: -1 });
                item.setAttribute('role', 'menuitem');
                item.dataset.item = n;
                return item;
            }));
        menu.dataset.of = of;
        menu.setAttribute('data-lm-suppress-shortcuts', 'true');
        menu.addEventListener('click', picked);
        menu.addEventListener('keydown', goes);
        menu.setAttribute('role', 'menu');
        menu.setAttribute('aria-label', words.menu.replace('{name}', of));
        const whole = document.fullscreenElement;
        (whole && all.contains(whole) ? whole : document.body).append(menu);
        menu.style.left = `${Math.min(asked.x, innerWidth - menu.offsetWidth - 8)}px`;
        menu.style.top = `${Math.max(8, Math.min(asked.y, innerHeight - menu.offsetHeight - 8))}px`;
        asked = null;
        menu.querySelector('button').focus({ preventScroll: true });
    };
    const picked = event => {
        const item = event.target.closest?.('[data-item]');
        if (!item) return;
        const pick = { of: menu.dataset.of, item: Number(item.dataset.item) };
        shut(false);
        tell({ pick });
    };
    const goes = event => {
        const items = [...menu.querySelectorAll('button')], at = items.indexOf(event.target);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
        if (event.key === 'Escape' || event.key === 'Tab') {
            if (event.key === 'Escape') event.preventDefault();
            event.stopPropagation();
            shut(true);
        } else if (to !== undefined) {
            event.preventDefault();
            event.stopPropagation();
            items.at(to % items.length).focus();
        }
    };
    const away = event => { if (menu && !menu.contains(event.target)) shut(false); };
    document.addEventListener('pointerdown', away, { signal });
    document.addEventListener('wheel', away, { passive: true, signal });
    signal.addEventListener('abort', () => { shut(false); end(); });
    model.on('change:offers', open);
};
