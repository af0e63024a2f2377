// Begins when the widget that this one stands in is in the page.
export default {
    render({ model, el }) {
        const over = new AbortController();
        const begin = tries => {
            const all = el.closest('.nslab-keys');
            if (!all) { if (tries) setTimeout(begin, 50, tries - 1); return; }
            // A widget may stand in another one: each looks after what is in itself alone.
            const own = element => element?.closest?.('.nslab-keys') === all;
            for (const start of [SCRIPTS]) start({ all, own, el, model, signal: over.signal });
        };
        begin(200);
        return () => over.abort();
    },
};
