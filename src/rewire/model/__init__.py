"""The nouns: frozen, slotted, picklable values, standard library only. Import them from their own modules."""
