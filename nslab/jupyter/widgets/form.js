// The form that a gesture filled in, and what is asked of a node: both come into sight and have the
// focus, and keys do what their buttons do.
export default ({ all, model, signal }) => {
    const part = name => all.querySelector(name);
    const home = () => (part('.nslab-live .nslab-window') || all).focus({ preventScroll: true });

    // Their parts come one by one, and what stands around them changes its height by that: they are
    // kept in sight, the last of them above all, until nothing moves or a hand does something else.
    let keeping = 0;
    const leave = () => clearInterval(keeping);
    const keep = wanted => {
        leave();
        let most = 120, still = 0, before = '';
        const look = () => {
            fit();
            const parts = wanted().filter(Boolean);
            for (const each of parts) each.scrollIntoView({ block: 'nearest' });
            const now = parts.map(each => [each.offsetTop, each.offsetHeight]).join();
            still = now === before ? still + 1 : 0;
            before = now;
            if (still > 20 || !most--) leave();
        };
        keeping = setInterval(look, 50);
        look();
    };
    for (const kind of ['wheel', 'pointerdown', 'keydown'])
        document.addEventListener(kind, leave, { capture: true, passive: true, signal });
    signal.addEventListener('abort', leave);

    // A long answer scrolls by itself, where some of its lines have room: the picture keeps its
    // place.  Who goes on in the page has the whole of it.
    const SOME = 150, EDGE = 10;
    const edge = () => {
        let low = innerHeight;
        for (let each = all.parentElement; each; each = each.parentElement)
            if (each.scrollHeight > each.clientHeight + 1
                && /auto|scroll/.test(getComputedStyle(each).overflowY))
                low = Math.min(low, each.getBoundingClientRect().bottom);
        return low;
    };
    const whole = said => { if (said) said.style.maxHeight = ''; };
    const fit = () => {
        const said = part('.nslab-answered');
        if (!said) return;
        const at = said.scrollTop;
        whole(said);
        const over = part('.nslab-asking').getBoundingClientRect().bottom + EDGE - edge();
        const room = Math.floor(said.offsetHeight - over);
        if (over <= 0 || room < SOME) return;
        said.style.maxHeight = `${room}px`;
        said.tabIndex = 0;
        // What is in the way, and what mends it, stand at its end.
        const mends = part('button.nslab-mend')?.getClientRects().length;
        said.scrollTop = at || (mends ? said.scrollHeight : 0);
    };
    for (const kind of ['wheel', 'touchmove'])
        document.addEventListener(kind, event => {
            const said = part('.nslab-answered');
            if (!said?.contains(event.target)) whole(said);
        }, { capture: true, passive: true, signal });

    // Of two fields that are called alike, who hears the page is told whose they are.
    const grouped = () => all.querySelectorAll('.nslab-end:not([role])').forEach(each => {
        const label = each.querySelector('.widget-label')?.textContent;
        if (!label) return;
        each.setAttribute('role', 'group');
        each.setAttribute('aria-label', label);
    });
    grouped();
    const watching = new MutationObserver(grouped);
    watching.observe(all, { childList: true, subtree: true, characterData: true });
    signal.addEventListener('abort', () => watching.disconnect());

    // -- the form -------------------------------------------------------------------------------
    // The focus goes to the first field that is empty, when all are there.
    model.on('change:filled', () => {
        const [, count] = model.get('filled');
        let tries = 40;
        const look = () => {
            const fields = [...all.querySelectorAll('.nslab-form :is(input, select)')];
            const go = part('button.nslab-do');
            // Its cell may be gone meanwhile.
            if ((fields.length !== count || !go) && tries--) return void setTimeout(look, 50);
            if (!go) return;
            const empty = fields.find(each => each.tagName === 'INPUT' && each.type === 'text'
                && !each.value);
            const target = empty || (go.disabled ? fields.find(each => each.type === 'text') : go);
            (target || fields[0])?.focus({ preventScroll: true });
            // The other style of a command is below the one that runs.
            keep(() => [part('.nslab-runs') || part('.nslab-message'), part('.nslab-form'),
                part('button.nslab-do')]);
        };
        setTimeout(look, 60);
    });
    const PLACES = { captured: '.nslab-captured', message: '.nslab-message' };

    // -- what is asked ----------------------------------------------------------------------------
    model.on('change:near', () => {
        const [what] = model.get('near');
        let tries = 40;
        const look = () => {
            const target = part('.nslab-whom input');
            if (!target?.getClientRects().length && tries--) return void setTimeout(look, 50);
            target?.focus({ preventScroll: true });
            target?.select();
            keep(() => [part('.nslab-asking')]);
        };
        if (what === 'target') look();
        else keep(() => [part(PLACES[what] || '.nslab-asking')]);
    });
    // What was typed goes with the question: what a field tells by itself may come later.
    const asks = value => {
        model.set('gesture', { ask: value, number: Math.random() });
        model.save_changes();
    };

    // A field lets no key out to who is around.
    all.addEventListener('keydown', event => {
        const field = event.target.closest?.('.nslab-form :is(input, select)');
        const target = event.target.closest?.('.nslab-whom input');
        if (!field && !target || !['Enter', 'Escape'].includes(event.key)) return;
        event.preventDefault();
        event.stopPropagation();
        // Enter does it, Escape goes back to the picture.
        if (event.key === 'Escape') home();
        else if (target) asks(target.value);
        else part('button.nslab-do').dispatchEvent(new Event('nslab-press', { bubbles: true }));
    }, true);
};
