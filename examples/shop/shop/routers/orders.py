"""The orders end point."""

from fastapi import APIRouter, HTTPException

from shop.models import (  # only what the end point shows
    Order,
)
from shop.orders import cancel_order, find_order

router = APIRouter(prefix="/orders")


@router.get("/{number}")
async def read_order(number: int) -> Order:
    order = await find_order(number)
    if order is None:
        raise HTTPException(404)
    return order


@router.delete("/{number}")
async def delete_order(number: int) -> None:
    if not await cancel_order(number):
        raise HTTPException(404)
